import Sandbox
import Testing
import Wire

private let dollars = "ac000000-0000-4000-8000-000000000003"
private let bitcoins = "ac000000-0000-4000-8000-000000000001"

@Suite(.serialized)
struct BloquoTests {
    private let harness: Harness
    private let bearer: String
    private let customer: String

    init() throws {
        harness = try Harness()
        bearer = "Authorization: Bearer \(try harness.bloquoToken())"
        customer = "customerId: \(harness.credentials.bloquoCustomerID)"
    }

    private func get(_ path: String) throws -> CurlAnswer {
        try harness.curl("https://staging-api.bloquo.io\(path)", "-H", bearer, "-H", customer)
    }

    private func post(_ path: String, _ content: String, method: String = "POST") throws -> CurlAnswer {
        try harness.curl(
            "https://staging-api.bloquo.io\(path)", "-H", bearer, "-H", customer, "-X", method, "--json", content)
    }

    private func balance(_ account: String) throws -> String? {
        let balances = try get("/api/v1/customer/account/balances?includes=account").json()["result"]?.array
        let balance = balances?.first { $0["accountId"]?.string == account }
        #expect(balance?["account"]?["id"]?.string == account)
        return balance?["available"]?.string
    }

    @Test func `wrong API clients get an answer that says no`() throws {
        let url = "https://staging-api.bloquo.io/api/v1/customer/\(harness.credentials.bloquoCustomerID)/users/authenticateApiClient"
        let answer = try harness.curl(url, "--json", #"{"clientId":"a","clientSecret":"b"}"#)
        #expect(answer.status == 200)
        #expect(try answer.json()["status"]?.bool == false)
        #expect(try answer.json().value(at: "result.accessToken") == nil)
        #expect(try harness.curl(url, "--json", "[]").status == 400)
        #expect(harness.onLoop { $0.bloquoTokenCalls.refused } == 2)
    }

    @Test func `every call needs the token and the customer that it belongs to`() throws {
        let url = "https://staging-api.bloquo.io/api/v1/customers/me"
        #expect(try harness.curl(url, "-H", bearer, "-H", customer).status == 200)
        #expect(try harness.curl(url, "-H", customer).status == 401)
        #expect(try harness.curl(url, "-H", "Authorization: Bearer 00", "-H", customer).status == 401)
        #expect(try harness.curl(url, "-H", bearer).status == 403)
        #expect(try harness.curl(url, "-H", bearer, "-H", "customerId: other").status == 403)
        #expect(try harness.curl(url, "-H", bearer, "-H", customer, "-H", "customerid: other").status == 403)
        harness.onLoop { $0.revokeAllTokens() }
        #expect(try harness.curl(url, "-H", bearer, "-H", customer).status == 401)
    }

    @Test func `a token lives as long as it says`() throws {
        let harness = try Harness(Sandbox.Settings(tokenLifetime: .seconds(1)))
        let bearer = "Authorization: Bearer \(try harness.bloquoToken())"
        let url = "https://staging-api.bloquo.io/api/v1/customers/me"
        var answer = try harness.curl(url, "-H", bearer, "-H", customer)
        while answer.status == 200 { answer = try harness.curl(url, "-H", bearer, "-H", customer) }
        #expect(answer.status == 401)
        #expect(try answer.json()["message"]?.string == "Token expired")
    }

    @Test func `a withdrawal moves money each time it is asked for, and never more than there is`() throws {
        let path = "/orders/withdrawal/account/\(dollars)"
        let content = #"{"amount":"100000.01","clientReference":"r-1"}"#
        #expect(try post(path, content).json().value(at: "result.balance")?.string == "149999.99")
        #expect(try post("/api/v1" + path, content).status == 200)
        #expect(try balance(dollars) == "49999.98")
        let refused = try post(path, content)
        #expect(refused.status == 400)
        #expect(try refused.json()["message"]?.string == "Insufficient balance")
        for amount in [#""0.001""#, #""-1""#, #""1e3""#, #""""#, "null", #""0""#] {
            #expect(try post(path, #"{"amount":\#(amount)}"#).status == 400)
        }
        #expect(try post("/orders/withdrawal/account/none", content).status == 404)
        let orders = harness.onLoop { $0.bloquoOrders }
        #expect(orders.map(\.clientReference) == ["r-1", "r-1"])
        #expect(orders.map(\.balance) == ["149999.99", "49999.98"])
    }

    @Test func `a deposit can be refunded once`() throws {
        let path = "/orders/deposit/account/\(bitcoins)"
        let id = try #require(try post(path, #"{"amount":"0.00000001"}"#).json().value(at: "result.id")?.string)
        #expect(try balance(bitcoins) == "12.50000001")
        #expect(try get("/orders/deposit").json()["result"]?.array?.first?["id"]?.string == id)
        #expect(try get("/api/v1/customer/transaction?type=Credit").json()["result"]?.array?.count == 1)
        #expect(try post("\(path)/refund/\(id)", "{}").status == 200)
        #expect(try post("\(path)/refund/\(id)", "{}").status == 409)
        #expect(try balance(bitcoins) == "12.50000000")
    }

    @Test func `a quote is executed once`() throws {
        let quote = try post("/trade/customer/me/quote", #"{"side":"Buy","currency":"BTC","amount":"0.1"}"#).json()
        #expect(quote.value(at: "result.total")?.string == "9125.05")
        let id = try #require(quote.value(at: "result.quoteOrder")?.string)
        #expect(try post("/trade/customer/me/execute/\(id)", "", method: "PUT").status == 200)
        #expect(try post("/trade/customer/me/execute/\(id)", "", method: "PUT").status == 409)
        #expect(try post("/trade/customer/me/execute/none", "", method: "PUT").status == 404)
        #expect(try balance(bitcoins) == "12.60000000")
        #expect(try balance(dollars) == "240874.95")
        #expect(harness.onLoop { $0.bloquoOrders.map(\.kind) } == [.trade])
    }
}

extension Harness {
    func bloquoToken() throws -> String {
        let url = "https://staging-api.bloquo.io/api/v1/customer/\(credentials.bloquoCustomerID)/users/authenticateApiClient"
        let content =
            #"{"clientId":"\#(credentials.bloquoClientID)","clientSecret":"\#(credentials.bloquoClientSecret)"}"#
        let json = try curl(url, "--json", content).json()
        #expect(json["status"]?.bool == true && json.value(at: "result.tokenType")?.string == "Bearer")
        return try #require(json.value(at: "result.accessToken")?.string)
    }
}
