import Proxy
import Testing

/// A text with something wrong in it, and every line that is said about it.
struct Mistake: Sendable, CustomTestStringConvertible {
    /// The text with the mistake, in the smallest file that is right otherwise.
    enum Text: Sendable {
        case whole(String)
        case bytes([UInt8])
        /// More keys of the route, on line 3.
        case route(String)
        /// More keys of a route to http://127.0.0.1, on line 3.
        case clearRoute(String)
        /// The route's listener, from line 2, column 26 on.
        case listen(String)
        /// The route's upstream, from line 2, column 56 on.
        case upstream(String)
        /// The route's reference to a credential, on line 3.
        case reference(String)
        /// What the one credential holds, on line 4.
        case credential(String)
        /// More keys at the top, on line 4.
        case top(String)

        var bytes: [UInt8] {
            switch self {
            case .whole(let text): Array(text.utf8)
            case .bytes(let bytes): bytes
            case .route(let keys): Self.file(reference: "\"bloq\",\n\(keys)")
            case .clearRoute(let keys): Self.file(upstream: "http://127.0.0.1", reference: "\"bloq\",\n\(keys)")
            case .listen(let address): Self.file(listen: address)
            case .upstream(let url): Self.file(upstream: url)
            case .reference(let name): Self.file(reference: "\n\(name)")
            case .credential(let keys): Self.file(credential: "\n\(keys)\n")
            case .top(let keys): Self.file(top: ",\n\(keys)")
            }
        }

        private static func file(
            listen: String = "127.0.0.1:8080", upstream: String = "https://a.example", reference: String = "\"bloq\"",
            credential: String = #""type": "static", "token": { "env": "TOKEN" }"#, top: String = ""
        ) -> [UInt8] {
            Array(
                """
                {
                  "routes": [{ "listen": "\(listen)", "upstream": "\(upstream)", "credential": \(reference) }],
                  "credentials": { "bloq": { \(credential) } }\(top)
                }
                """.utf8)
        }
    }

    let name: String
    let text: Text
    let findings: [String]

    init(_ name: String, _ text: Text, _ findings: [String]) {
        self.name = name
        self.text = text
        self.findings = findings
    }

    var testDescription: String { name }

    static func findings(in bytes: [UInt8]) -> [String] {
        do {
            _ = try Configuration.load(bytes, file: "proxy.json")
            return []
        } catch {
            return error.findings.map(\.description)
        }
    }

    static let all =
        text + keys + routes + listeners + upstreams + credentials + calls + injection + quantities + policies + paths + users + tls + egress + log + admin
}

@Suite struct ConfigurationMistakesTests {
    @Test(arguments: Mistake.all)
    func `each mistake is told with its place and what to write`(mistake: Mistake) {
        #expect(Mistake.findings(in: mistake.text.bytes) == mistake.findings)
    }

    @Test(arguments: Mistake.all)
    func `no message repeats what may be a secret`(mistake: Mistake) {
        #expect(!Mistake.findings(in: mistake.text.bytes).contains { $0.contains("hunter") })
    }

    @Test func `the files around the mistakes are right without them`() throws {
        for text in [Mistake.Text.route(#""name": "a""#), .clearRoute(#""name": "a""#), .listen("[::1]:0"), .reference(#""bloq""#), .top(#""threads": 1"#)] {
            #expect(Mistake.findings(in: text.bytes) == [])
        }
    }
}
