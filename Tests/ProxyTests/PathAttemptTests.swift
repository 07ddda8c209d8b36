import Credentials
import EventLoop
import Testing
import Wire

@testable import Proxy

/// What gets around a rule about paths and methods: nothing.
@Suite struct PathAttemptTests {
    @Test(arguments: PathAttempt.all)
    func `an attempt is refused, and its allowed neighbour is not`(attempt: PathAttempt) throws {
        var head = RequestHead()
        do throws(MessageError) {
            let count = try head.parse(attempt.head.span)
            #expect(count == attempt.head.count)
        } catch {
            #expect(attempt.status == 400, "\(error.message)")
            return
        }
        let router = try Self.router(attempt)
        do throws(Router.Refusal) {
            let route = try router.decide(head, attempt.head.span)
            let answer = Router.refusal(head, attempt.head.span, by: route)
            #expect(answer?.status == attempt.status, "\(answer?.message ?? "it is let through")")
        } catch {
            #expect(error.answer.status == attempt.status, "\(error.answer.message)")
        }
    }

    @Test func `there are many attempts, each with its source or its reason`() {
        #expect(PathAttempt.all.count { $0.status != nil } >= 150)
        #expect(Set(PathAttempt.all.map(\.testDescription)).count == PathAttempt.all.count)
    }

    private static let credentials = [
        "static": #"{ "type": "static", "token": { "env": "T" } }"#,
        "bloq": #"{ "type": "bloq", "clientId": { "env": "T" }, "clientSecret": { "env": "T" } }"#,
        "bloquo": #"{ "type": "bloquo", "customerId": { "env": "T" }, "clientId": { "env": "T" }, "clientSecret": { "env": "T" }, "api": "https://a.example" }"#,
    ]

    static func router(_ attempt: PathAttempt) throws -> Router {
        let credential = try #require(credentials[attempt.credential])
        return try router(
            """
            { "routes": [{ "listen": "127.0.0.1:8080", "upstream": "https://upstream.test\(attempt.basePath)", "credential": "key"\(attempt.route) }],
              "credentials": { "key": \(credential) } }
            """)
    }

    static func router(_ text: String) throws -> Router {
        let configuration = try Configuration.load(Array(text.utf8), file: "proxy.json")
        let grant = try Grant.fixed(token: Secret("s3cret"))
        let credential = CredentialState(
            index: 0, configuration: configuration.credentials[0], destination: nil, timer: .none,
            shared: SharedCredential(cache: TokenCache(grant: grant, seed: 0), grant: PreparedGrant(grant: grant, customerId: nil)))
        return Router(
            routes: configuration.routes.enumerated().map { index, route in
                let destination = Destination(
                    index: index, origin: route.upstream, connectTo: nil, tls: nil, serverName: nil, connectTimeout: .seconds(1),
                    concurrency: 1, queueMax: 1)
                return RouteState(index: index, configuration: route, destination: destination, credential: credential)
            })
    }
}
