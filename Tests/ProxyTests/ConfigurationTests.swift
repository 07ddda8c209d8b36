import Credentials
import Testing
import Wire

@testable import Proxy

@Suite struct ConfigurationTests {
    @Test func `the smallest file has the contract's defaults`() throws {
        let configuration = try load(
            """
            { "routes": [{ "listen": "127.0.0.1:8080", "upstream": "https://btc.connect.bloq.cloud", "credential": "bloq" }],
              "credentials": { "bloq": { "type": "bloq", "clientId": { "env": "ID" }, "clientSecret": { "file": "/run/secrets/bloq" } } } }
            """)
        let route = try #require(configuration.routes.first)
        #expect(route.name == "btc.connect.bloq.cloud")
        #expect(route.listen == .tcp(host: "127.0.0.1", port: 8080))
        #expect(route.pathPrefix == Array("/".utf8) && !route.stripPrefix && route.host == nil)
        #expect(route.upstream.authority == "btc.connect.bloq.cloud" && route.upstream.port == 443 && route.upstream.basePath == "")
        #expect(route.credential == 0)
        #expect(route.inject == [Injection(name: "Authorization", value: [.literal(Array("Bearer ".utf8)), .token])])
        #expect(route.reauthenticateOn == [.unauthorized] && route.replayBodyBytesMax == 1_048_576 && !route.decompress && !route.cookies && !route.serverTiming)
        #expect(route.allow == Admittance(hosts: ["localhost", "127.0.0.1", "[::1]"], origins: [], methods: nil))
        #expect(
            route.timeouts
                == Timeouts(
                    requestHead: .seconds(10), requestBody: .seconds(60), keepAlive: .seconds(75), connect: .seconds(5),
                    responseHead: .seconds(60), idle: .seconds(300)))
        #expect(route.tls == .standard && route.connectTo == nil)
        #expect(route.limits == RouteLimits(concurrency: 256, queue: 1024, requestBodyBytesMax: 1 << 30))
        #expect(configuration.log == .standard && configuration.drainTimeout == .seconds(30) && configuration.threads == .fixed(1))
        #expect(configuration.warnings == [])

        let credential = try #require(configuration.credentials.first)
        #expect(credential.name == "bloq" && credential.authTimeout == .seconds(10))
        #expect(credential.origin?.authority == "accounts.bloq.cloud")
        #expect(configuration.secretSources.map(\.kind) == [.environment("ID"), .file("/run/secrets/bloq")])
        #expect(configuration.secretSources[1].place == Place(file: "proxy.json", line: 2, column: 91, keyPath: "credentials.bloq.clientSecret"))
    }

    @Test func `every key is read`() throws {
        let configuration = try load(Self.full)
        let route = configuration.routes[0]
        #expect(route.name == "money" && route.listen == .unix(path: "/run/money.sock", mode: 0o660, group: "apps"))
        #expect(route.pathPrefix == Array("/api".utf8) && route.stripPrefix && route.host == "[::1]")
        #expect(route.upstream.scheme == .http && route.upstream.host == "::1" && route.upstream.port == 8443)
        #expect(route.upstream.basePath == "/v2/x" && route.upstream.authority == "[::1]:8443")
        #expect(route.inject.map(\.name) == ["X-Token", "customerId"])
        #expect(route.inject[0].value == [.literal(Array("a ".utf8)), .token, .literal(Array("/".utf8)), .customerId])
        #expect(route.reauthenticateOn
                == [
                    .unauthorized,
                    RefusalRule(
                        status: 403, field: RefusalRule.Field(name: Array("www-authenticate".utf8), text: Array("invalid_token".utf8)),
                        contentText: Array("jwt expired".utf8)),
                ] && route.replayBodyBytesMax == 65_536 && route.decompress && route.cookies && route.serverTiming)
        let path = try #require(Glob(path: "/v2/x/*"))
        let call = try #require(Glob(name: "getblock*"))
        #expect(
            route.allow
                == Admittance(
                    hosts: ["[::1]", "money.local"], origins: ["http://localhost:3000", "https://a.example"], methods: ["GET", "POST"],
                    paths: [path], rpcMethods: [call], requiredField: RequiredField(name: "X-Local-Key", value: Secret("hush hush")),
                    users: route.allow.users))
        #expect(route.preset == nil && configuration.routes[1].preset == .readOnly)
        #expect(route.allow.users?.map(\.kind) == [.name("alice"), .number(1001), .group("apps")])
        #expect(
            route.timeouts
                == Timeouts(
                    requestHead: .milliseconds(500), requestBody: .seconds(2), keepAlive: .seconds(180), connect: .seconds(14_400),
                    responseHead: .seconds(5), idle: .seconds(6)))
        #expect(route.limits == RouteLimits(concurrency: 1, queue: 0, requestBodyBytesMax: 4 << 20))

        let other = configuration.routes[1]
        #expect(other.listen == .localhost(port: 0) && other.connectTo == Endpoint(host: "::1", port: 9443))
        #expect(
            other.tls
                == TLSSettings(
                    ca: "/ca.pem", serverName: "b.example", pins: [[UInt8](repeating: 0, count: 32)], clientCertificate: "/c.pem",
                    clientKey: "/k.pem", minimumVersion: .tls13))
        #expect(other.inject == [Injection(name: "Authorization", value: [.literal(Array("Basic ".utf8)), .token])])

        let bloquo = configuration.credentials[0]
        guard case .calls(let service) = bloquo.kind else {
            Issue.record("no calls")
            return
        }
        #expect(service.customerId?.kind == .environment("CUSTOMER") && service.origin.authority == "staging-api.bloquo.io")
        #expect(bloquo.secretSources.map(\.kind) == [.environment("CUSTOMER"), .environment("ID"), .file("s")])
        #expect(bloquo.authTimeout == .seconds(20) && bloquo.connectTo == Endpoint(host: "127.0.0.1", port: 1))
        #expect(bloquo.timeouts == CredentialTimeouts(connect: .seconds(1), responseHead: .seconds(2)))
        #expect(bloquo.tls.ca == "/own.pem")
        #expect(configuration.credentials.map(\.name) == ["bloquo", "node", "unused"])
        #expect(configuration.log == LogSettings(access: .file("/var/log/a.log"), format: .text, level: .debug))
        #expect(configuration.drainTimeout == .zero)
    }

    @Test func `every file that the running proxy touches is known`() throws {
        let configuration = try load(Self.full)
        #expect(configuration.readFiles == ["s", "/run/secrets/egress", "/ca.pem", "/c.pem", "/k.pem", "/own.pem"])
        #expect(configuration.appendedFiles == ["/var/log/a.log"] && configuration.replacedFiles == [])
        #expect(configuration.sockets.map(\.path) == ["/run/money.sock"] && configuration.sockets.allSatisfy(\.hasGroup))
        #expect(!configuration.startsPrograms && !configuration.readsSystemdCredentials)
    }

    @Test func `the files of a listener's TLS are among those that are read`() throws {
        let configuration = try load(
            """
            { "routes": [{ "listen": "127.0.0.1:1", "upstream": "https://a.example", "credential": "a",
                "listenTLS": { "certificate": "/l/c.pem", "key": "/l/k.pem", "clientCA": "/l/ca.pem" } }],
              "credentials": { "a": { "type": "static", "token": { "env": "T" } } } }
            """)
        #expect(configuration.readFiles == ["/l/c.pem", "/l/k.pem", "/l/ca.pem"])
    }

    @Test func `secrets of programs and of systemd are told apart from files`() throws {
        let configuration = try load(
            """
            { "routes": [{ "listen": "127.0.0.1:1", "upstream": "https://a.example", "credential": "a" }],
              "credentials": { "a": { "type": "basic", "username": { "command": ["u"] }, "password": { "systemd": "p" } } } }
            """)
        #expect(configuration.startsPrograms && configuration.readsSystemdCredentials && configuration.readFiles == [])
        #expect(configuration.appendedFiles == [] && configuration.replacedFiles == [] && configuration.sockets.isEmpty)
    }

    static let full = """
        { "$schema": "https://example.org/schema.json",
          // A comment, and // another within it.
          "credentials": {
            "bloquo": { "type": "bloquo", "customerId": { "env": "CUSTOMER" }, "clientId": { "env": "ID" }, "clientSecret": { "file": "s" },
                        "api": "https://staging-api.bloquo.io", "authTimeout": "20s", "connectTo": "127.0.0.1:1",
                        "timeouts": { "connect": "1s", "responseHead": "2s" }, "tls": { "ca": "/own.pem" } },
            "node": { "type": "basic", "username": { "env": "U" }, "password": { "env": "P" } },
            "unused": { "type": "static", "token": { "env": "T" } }
          },
          "routes": [
            { "name": "money", "listen": "unix:/run/money.sock?mode=0660&group=apps", "pathPrefix": "/api", "stripPrefix": true, "host": "[0::1]",
              "upstream": "HTTP://[0:0::1]:8443/v2/x//", "credential": "bloquo",
              "inject": [{ "header": "X-Token", "value": "a {token}/{customerId}" }],
              "socketIOToken": false, "decompress": true, "cookies": true, "exposed": false, "serverTiming": true,
              "allow": { "methods": ["GET", "POST"], "hosts": ["[::1]", "Money.Local"], "origins": ["http://LOCALHOST:3000", "https://a.example:443"],
                         "users": ["alice", 1001, "@apps"], "paths": ["/v2/x/*"], "rpcMethods": ["getblock*"],
                         "requireHeader": "X-Local-Key:  hush hush" },
              "reauthenticateOn": [{ "status": 401 }, { "status": 403, "header": "WWW-Authenticate: invalid_token", "body": "jwt expired" }], "replayBody": 65536,
              "limits": { "concurrency": 1, "requestsPerSecond": 0, "queue": 0, "requestBody": "4MiB" },
              "timeouts": { "requestHead": "500ms", "requestBody": "2s", "keepAlive": "3m", "connect": "4h", "responseHead": "5s", "idle": "6s" } },
            { "listen": "localhost:0", "host": "*", "upstream": "https://b.example:8332", "credential": "node", "connectTo": "[::1]:9443",
              "tls": { "ca": "/ca.pem", "serverName": "B.example", "pinSHA256": ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="],
                       "clientCertificate": "/c.pem", "clientKey": "/k.pem", "minimumVersion": "1.3" }, "preset": "read-only" }
          ],
          "egressProxy": { "url": "http://[fd00::1]:3128/", "username": { "env": "PU" }, "password": { "file": "/run/secrets/egress" } },
          "log": { "access": "/var/log/a.log", "format": "text", "level": "debug" },
          "threads": 1,
          "drainTimeout": "0s" }
        """

    @Test func `all mistakes are told in one go, in the order of the file`() {
        let findings = Mistake.findings(
            in: Array(
                """
                {
                  "colour": "blue",
                  "drainTimeout": 30,
                  "routes": [
                    { "listen": "0.0.0.0:80", "upstrem": "https://a.example", "credential": "blok" },
                    { "listen": "127.0.0.1:81", "upstream": "http://b.example", "credential": "bloq",
                      "timeouts": { "connect": "5", "idle": "5" } }
                  ],
                  "credentials": { "bloq": { "type": "static", "token": "secret" } }
                }
                """.utf8))
        #expect(
            findings.map { $0.split(separator: " ").prefix(2).joined(separator: " ") } == [
                "proxy.json:2:3: colour:", "proxy.json:3:19: drainTimeout:", "proxy.json:5:5: routes[0].upstream:",
                "proxy.json:5:17: routes[0].listen:", "proxy.json:5:31: routes[0].upstrem:", "proxy.json:5:77: routes[0].credential:",
                "proxy.json:6:45: routes[1].upstream:", "proxy.json:7:32: routes[1].timeouts.connect:",
                "proxy.json:7:45: routes[1].timeouts.idle:", "proxy.json:9:57: credentials.bloq.token:",
            ])
    }

    @Test func `what is allowed but hardly meant is a warning`() throws {
        let route = #""host": "btc.local", "replayBody": "64MiB", "limits": { "concurrency": 1000 }"#
        let configuration = try Configuration.load(Mistake.Text.route(route).bytes, file: "p")
        #expect(
            configuration.warnings.map(\.description) == [
                "p:2:14: routes[0]: \"limits.concurrency\" copies of \"replayBody\" bytes may take 62 GiB of memory; lower one of them",
                "p:3:9: routes[0].host: no request reaches this route, since \"allow.hosts\" does not have \"btc.local\"; add it there",
            ])
    }

    @Test func `one pin alone is a warning, two are none`() throws {
        let (one, two) = ("\(String(repeating: "A", count: 43))=", "\(String(repeating: "B", count: 42))A=")
        for (pins, count) in [("\"\(one)\"", 1), ("\"\(one)\", \"\(one)\"", 1), ("\"\(one)\", \"\(two)\"", 0)] {
            let text = Mistake.Text.route("\"tls\": { \"pinSHA256\": [\(pins)] }")
            let warnings = try Configuration.load(text.bytes, file: "p").warnings.map(\.description)
            #expect(warnings.count == count)
            #expect(warnings.allSatisfy { $0.hasPrefix("p:3:23: routes[0].tls.pinSHA256: with one pin alone, no request") })
        }
    }

    @Test func `an answer that may come of what was acted on is warned of where nothing else tells it`() throws {
        func warnings(_ rules: String) throws -> [String] {
            let text = """
                { "routes": [ { "listen": "127.0.0.1:1", "upstream": "https://a.example", "credential": "c",
                "reauthenticateOn": [\(rules)] } ], "credentials": { "c": { "type": "static", "token": { "env": "T" } } } }
                """
            return try Configuration.load(Array(text.utf8), file: "p").warnings.map(\.description)
        }
        #expect(try warnings(#"{ "status": 401 }, { "status": 403 }, { "status": 409, "body": "expired" }, { "status": 400, "header": "X-E: expired" }"#) == [])
        #expect(
            try warnings(#"{ "status": 409 }"#) == [
                #"p:2:22: routes[0].reauthenticateOn[0]: a request with the answer 409 is sent once more, though it may have been acted on; write "body" or "header", with text that only an answer to a refused token has"#
            ])
    }

    @Test func `the way to origins is as the file says, else as the environment does`() throws {
        let egress: [(String, EgressSettings)] = try [
            (#""threads": 1"#, .environment), (#""egressProxy": "none""#, .direct),
            (#""egressProxy": "http://Proxy.example:3128""#, .proxy(Self.proxy("proxy.example", 3128, column: 16))),
            (#""egressProxy": { "url": "HTTP://10.0.0.1" }"#, .proxy(Self.proxy("10.0.0.1", 80, column: 16))),
        ]
        for (text, settings) in egress {
            #expect(try Configuration.load(Mistake.Text.top(text).bytes, file: "p").egress == settings)
        }
        guard case .proxy(let proxy) = try load(Self.full).egress else {
            Issue.record("there is no egress proxy")
            return
        }
        #expect(proxy.endpoint == Endpoint(host: "fd00::1", port: 3128))
        #expect(proxy.username?.kind == .environment("PU") && proxy.password?.kind == .file("/run/secrets/egress"))
        #expect(try load(Self.full).secretSources.suffix(2) == proxy.secretSources[...])
    }

    private static func proxy(_ host: String, _ port: UInt16, column: Int) throws -> EgressProxySettings {
        EgressProxySettings(
            endpoint: Endpoint(host: host, port: port), username: nil, password: nil,
            place: Place(file: "p", line: 4, column: column, keyPath: "egressProxy"))
    }

    @Test func `a customerId that the route injects itself is not injected twice`() throws {
        let text = Self.full.replacing(
            #""inject": [{ "header": "X-Token", "value": "a {token}/{customerId}" }]"#,
            with: #""inject": [{ "header": "Authorization", "value": "{token}" }, { "header": "CUSTOMERID", "value": "{customerId}" }]"#)
        #expect(try load(text).routes[0].inject.map(\.name) == ["Authorization", "CUSTOMERID"])
    }

    @Test func `a long value is cut in a message`() throws {
        let findings = Mistake.findings(in: Mistake.Text.listen(String(repeating: "x", count: 5000)).bytes)
        #expect(findings.count == 1)
        #expect(findings[0].utf8.count < 500 && findings[0].contains("xxx…\""))
    }

    @Test func `a file beyond a mebibyte is refused`() {
        let findings = Mistake.findings(in: [UInt8](repeating: 0x20, count: 1_048_577))
        #expect(findings == ["proxy.json:1:1048577: the text has 1048577 bytes; at most 1048576 are read"])
    }

    @Test func `any prefix and any flipped byte of a file is refused or read, never a trap`() {
        let source = Array(Self.full.utf8)
        for count in stride(from: 0, to: source.count, by: 7) { _ = Mistake.findings(in: Array(source.prefix(count))) }
        var accepted = 0
        for index in source.indices {
            var changed = source
            changed[index] ^= 1
            if Mistake.findings(in: changed).isEmpty { accepted += 1 }
        }
        // Names, paths and comments may change; the rest is noticed.
        #expect(accepted < source.count / 2)
        #expect(Mistake.findings(in: source).isEmpty)
    }

    private func load(_ text: String) throws -> Configuration {
        try Configuration.load(Array(text.utf8), file: "proxy.json")
    }
}
