import Credentials
import Testing

@testable import Proxy

/// What becomes of the token that an answer repeats, within the proxy.
@Suite struct ServerHidingTests {
    @Test func `the search for two tokens is made once for all requests that had the first`() throws {
        let bench = try Bench(hasTokenCalls: true)
        try bench.giveToken("one")
        let credential = bench.server.credentials[0]
        let searches = try ["former-token", "another-token", "present-token"].map { try #require(SecretSearch([Secret($0)])) }
        let both = try #require(credential.search(of: searches[0], and: searches[2]))
        #expect(credential.search(of: searches[0], and: searches[2]) === both)
        #expect(credential.search(of: both, and: searches[2]) === both)
        #expect(credential.search(of: searches[1], and: searches[2]) !== both)
    }
}
