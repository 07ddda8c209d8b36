import Credentials
import EventLoop
import Testing

@testable import Proxy

/// What a route adds is of the generation that it is kept as: a 401 to a request would be put down to another token otherwise.
struct TokenGenerationTests {
    @Test func `the present token's generation is rendered`() throws {
        let route = try Self.route()
        let fields = route.injectedFields(generation: 1).withBytes { bytes in String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
        #expect(fields.contains("Authorization: Bearer s3cret-s3cret\r\n"))
        #expect(route.search(generation: 1) != nil)
    }

    @Test func `to render another one is a broken invariant`() async {
        await #expect(processExitsWith: .failure) { _ = try Self.route().injectedFields(generation: 2) }
        await #expect(processExitsWith: .failure) { _ = try Self.route().credential.search(generation: 2) }
    }

    private static func route() throws -> RouteState {
        let text = """
            { "routes": [ { "upstream": "https://btc.connect.bloq.cloud", "listen": "127.0.0.1:8080", "credential": "key" } ],
              "credentials": { "key": { "type": "static", "token": { "env": "TOKEN" } } } }
            """
        let configuration = try Configuration.load(Array(text.utf8), file: "proxy.json")
        let grant = try Grant.fixed(token: Secret("s3cret-s3cret"))
        let credential = CredentialState(
            index: 0, configuration: configuration.credentials[0], destination: nil, timer: .none,
            shared: SharedCredential(cache: TokenCache(grant: grant, seed: 0), grant: PreparedGrant(grant: grant, customerId: nil)))
        credential.look { _ in }
        let destination = Destination(
            index: 0, origin: configuration.routes[0].upstream, connectTo: nil, tls: nil, serverName: nil, connectTimeout: .seconds(1),
            concurrency: 1, queueMax: 1)
        return RouteState(index: 0, configuration: configuration.routes[0], destination: destination, credential: credential)
    }
}
