import Sandbox
import Testing
import Wire

@Suite(.serialized)
struct AccountsTests {
    @Test func `client keys obtain an access token and a refresh token, which obtains another`() throws {
        let harness = try Harness()
        let tokens = try harness.bloqTokens()
        #expect(try harness.curl(statusURL, "-H", "Authorization: Bearer \(tokens.access)").status == 200)
        let answer = try harness.refresh(tokens.refresh)
        #expect(answer.status == 200)
        let renewed = try #require(try answer.json()["accessToken"]?.string)
        #expect(renewed != tokens.access)
        #expect(try answer.json()["refreshToken"] == nil)
        #expect(try harness.curl(statusURL, "-H", "Authorization: Bearer \(renewed)").status == 200)
        let calls = harness.onLoop { $0.bloqTokenCalls }
        #expect(calls.authentications == 1 && calls.refreshes == 1 && calls.refused == 0)
    }

    @Test func `a client token is a JWT that says when it ends`() throws {
        let harness = try Harness(Sandbox.Settings(tokenLifetime: .seconds(1234)))
        let parts = try harness.bloqTokens().access.split(separator: ".").map { String($0) }
        let header = try JSON.parse(try #require(Base64URL.decode(parts[0])))
        let payload = try JSON.parse(try #require(Base64URL.decode(parts[1])))
        #expect(header["alg"]?.string == "RS256")
        let life = try #require(payload["exp"]?.int) - (try #require(payload["iat"]?.int))
        #expect(life == 1234)
        #expect(payload["sub"]?.string == harness.credentials.bloqClientID)
        #expect(payload["jti"]?.string != nil && payload["aud"]?.array?.isEmpty == false)
    }

    @Test func `user and password obtain a token for twelve hours, good for Accounts and Connect`() throws {
        let harness = try Harness()
        let user = "\(harness.credentials.accountUser):\(harness.credentials.accountPassword)"
        let answer = try harness.curl("https://accounts.bloq.cloud/auth", "-X", "POST", "-u", user)
        #expect(answer.status == 200)
        let token = try #require(try answer.json()["accessToken"]?.string)
        let payload = try JSON.parse(try #require(Base64URL.decode(String(token.split(separator: ".")[1]))))
        let life = try #require(payload["exp"]?.int) - (try #require(payload["iat"]?.int))
        #expect(life == 12 * 3600)
        let bearer = "Authorization: Bearer \(token)"
        #expect(try harness.curl("https://accounts.bloq.cloud/users/me", "-H", bearer).status == 200)
        #expect(try harness.curl(statusURL, "-H", bearer).status == 200)
        let client = "Authorization: Bearer \(try harness.bloqTokens().access)"
        #expect(try harness.curl("https://accounts.bloq.cloud/users/me", "-H", client).status == 401)
    }

    @Test func `wrong and malformed token calls are refused and counted`() throws {
        let harness = try Harness()
        let url = "https://accounts.bloq.cloud/auth/token"
        let wrong = #"{"grantType":"clientCredentials","clientId":"a","clientSecret":"b"}"#
        #expect(try harness.curl(url, "-d", wrong).status == 401)
        #expect(try harness.curl(url, "-d", "{").status == 400)
        #expect(try harness.curl(url, "-d", #"{"grantType":"password"}"#).status == 400)
        #expect(try harness.curl(url, "-d", #"{"grantType":"clientCredentials"}"#).status == 400)
        #expect(try harness.refresh("nonsense").status == 401)
        #expect(try harness.refresh(try harness.bloqTokens().access).status == 401)
        #expect(try harness.curl("https://accounts.bloq.cloud/auth", "-X", "POST", "-u", "a:b").status == 401)
        let calls = harness.onLoop { $0.bloqTokenCalls }
        #expect(calls.authentications == 6 && calls.refreshes == 2 && calls.refused == 7)
    }

    @Test func `a revoked refresh token is refused, and the client keys still work`() throws {
        let harness = try Harness()
        let old = try harness.bloqTokens()
        #expect(try harness.curl("https://accounts.bloq.cloud/_sandbox/revoke-refresh", "-X", "POST").status == 200)
        #expect(try harness.refresh(old.refresh).status == 401)
        #expect(try harness.curl(statusURL, "-H", "Authorization: Bearer \(old.access)").status == 200)
        #expect(try harness.refresh(try harness.bloqTokens().refresh).status == 200)
    }

    @Test func `a refresh token is no access token`() throws {
        let harness = try Harness()
        let bearer = "Authorization: Bearer \(try harness.bloqTokens().refresh)"
        #expect(try harness.curl(statusURL, "-H", bearer).status == 401)
    }

    @Test func `a token of another sandbox is worth nothing`() throws {
        let bearer = "Authorization: Bearer \(try Harness().bloqTokens().access)"
        #expect(try Harness().curl(statusURL, "-H", bearer).text == "invalid signature")
    }
}

let statusURL = "https://btc.connect.bloq.cloud/api/v1/status"

extension Harness {
    func bloqTokens() throws -> (access: String, refresh: String) {
        let content =
            #"{"grantType":"clientCredentials","clientId":"\#(credentials.bloqClientID)","clientSecret":"\#(credentials.bloqClientSecret)"}"#
        let json = try curl("https://accounts.bloq.cloud/auth/token", "--json", content).json()
        return (try #require(json["accessToken"]?.string), try #require(json["refreshToken"]?.string))
    }

    func refresh(_ token: String) throws -> CurlAnswer {
        try curl(
            "https://accounts.bloq.cloud/auth/token", "--json",
            #"{"grantType":"refreshToken","refreshToken":"\#(token)"}"#)
    }
}
