internal import TLS
internal import Wire

/// Bloq Accounts: gives tokens for client keys, refresh tokens, and user and password.
final class Accounts: Service {
    private(set) var calls = TokenCalls()
    private let issuer: TokenIssuer
    private let credentials: DemoCredentials
    private let failures: TokenFailures
    private var router = Router<Accounts>()

    init(issuer: TokenIssuer, credentials: DemoCredentials, failures: TokenFailures) {
        self.issuer = issuer
        self.credentials = credentials
        self.failures = failures
        router.on(.post, "/auth", Accounts.authenticateAccount)
        router.on(.post, "/auth/token", Accounts.authenticateClient)
        router.on(.get, "/users/me", Accounts.user)
        router.on(.get, "/users/me/client-keys", Accounts.clientKeys)
    }

    func isTokenCall(_ request: Request) -> Bool { request.segments.first == "auth" }

    func admit(_ request: Request) -> Response? {
        if isTokenCall(request) { return nil }
        guard let token = request.authorization(scheme: "Bearer") else { return TokenFault.missing.response }
        do throws(TokenFault) {
            _ = try issuer.verify(token, for: "accounts")
            return nil
        } catch {
            return error.response
        }
    }

    func answer(_ request: Request) -> Reply {
        .now(router.answer(request, by: self) ?? .json(["error": "Not Found"], status: 404))
    }
}

// MARK: tokens

extension Accounts {
    /// `POST /auth` with HTTP Basic: an account token.
    private func authenticateAccount(_ request: Request, _: Parameters) -> Response {
        calls.authentications += 1
        if let failure = failures.take() { return refuse(failure) }
        let expected = Base64.encode(Array("\(credentials.accountUser):\(credentials.accountPassword)".utf8))
        guard request.authorization(scheme: "Basic") == expected else {
            let refusal = Response.json(["error": "Invalid user or password"], status: 401)
            return refuse(refusal.with("WWW-Authenticate", "Basic realm=\"accounts\""))
        }
        return issued(.account, credentials.accountUser, withRefreshToken: false)
    }

    /// `POST /auth/token` with either grant: a client token.
    private func authenticateClient(_ request: Request, _: Parameters) -> Response {
        let json = request.json
        let grantType = json?["grantType"]?.string
        if grantType == "refreshToken" { calls.refreshes += 1 } else { calls.authentications += 1 }
        if let failure = failures.take() { return refuse(failure) }
        guard let json else { return refuse(.json(["error": "The content is no JSON object"], status: 400)) }
        switch grantType {
        case "clientCredentials": return answerClientKeys(json)
        case "refreshToken": return answerRefreshToken(json)
        default: return refuse(.json(["error": "grantType is clientCredentials or refreshToken"], status: 400))
        }
    }

    private func answerClientKeys(_ json: JSON) -> Response {
        guard let id = json["clientId"]?.string, let secret = json["clientSecret"]?.string else {
            return refuse(.json(["error": "clientId and clientSecret are required"], status: 400))
        }
        guard id == credentials.bloqClientID, secret == credentials.bloqClientSecret else {
            return refuse(.json(["error": "Invalid client keys"], status: 401))
        }
        return issued(.client, id, withRefreshToken: true)
    }

    private func answerRefreshToken(_ json: JSON) -> Response {
        guard let token = json["refreshToken"]?.string else {
            return refuse(.json(["error": "refreshToken is required"], status: 400))
        }
        do throws(TokenFault) {
            let claims = try issuer.verify(token, for: "refresh")
            return issued(.client, claims.subject, withRefreshToken: false)
        } catch {
            return refuse(.json(["error": .string(error.rawValue)], status: 401))
        }
    }

    private func issued(_ kind: TokenIssuer.Kind, _ subject: String, withRefreshToken: Bool) -> Response {
        do throws(TLSError) {
            var members = [("accessToken", JSONDocument.string(try issuer.issue(kind, subject: subject)))]
            if withRefreshToken {
                members.append(("refreshToken", .string(try issuer.issue(.refresh, subject: subject))))
            }
            return .json(.object(members)).with("Cache-Control", "no-store")
        } catch {
            return refuse(.json(["error": .string(error.message)], status: 500))
        }
    }

    private func refuse(_ response: Response) -> Response {
        calls.refused += 1
        return response
    }
}

// MARK: the account

extension Accounts {
    private func user(_: Request, _: Parameters) -> Response {
        .json([
            "id": "d3700000-0000-4000-8000-000000000001", "email": .string(credentials.accountUser),
            "displayName": "Demo", "isActive": true,
        ])
    }

    private func clientKeys(_: Request, _: Parameters) -> Response {
        .json([["clientId": .string(credentials.bloqClientID), "isActive": true]])
    }
}
