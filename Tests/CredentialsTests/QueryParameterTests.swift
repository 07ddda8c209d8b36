import Credentials
import Testing

@Suite struct QueryParameterTests {
    @Test func `a token stands in a query with all but the unreserved characters encoded`() throws {
        let cache = TokenCache(grant: try .fixed(token: Secret("aZ0-._~!&=+%?/:")), seed: 1)
        let parameter = try #require(cache.queryParameter("token"))
        #expect(parameter.revealed == "token=aZ0-._~%21%26%3D%2B%25%3F%2F%3A")
        #expect("\(parameter)" == "(secret)")
    }

    @Test func `there is none without a token`() {
        #expect(Machine.bloquo().cache.queryParameter("token") == nil)
    }
}
