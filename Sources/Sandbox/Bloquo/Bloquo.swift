internal import EventLoop
internal import Wire

/// Bloquo: an organisation's accounts, orders that move money, and trades.
///
/// Every path is known with and without `/api/v1` before it.
final class Bloquo: Service {
    private(set) var calls = TokenCalls()
    var book = BloquoBook()
    var tokens = OpaqueTokens()
    let kernel: any Kernel
    private let credentials: DemoCredentials
    private let failures: TokenFailures
    private let tokenLifetime: Duration
    private var router = Router<Bloquo>()

    init(settings: Sandbox.Settings, credentials: DemoCredentials, failures: TokenFailures, kernel: any Kernel) {
        self.kernel = kernel
        self.credentials = credentials
        self.failures = failures
        tokenLifetime = .seconds(settings.tokenLifetime.components.seconds)
        router.on(.post, "/customer/:customerID/users/authenticateApiClient", Bloquo.authenticate)
        router.on(.get, "/customers/me", Bloquo.customer)
        addAccountRoutes(to: &router)
        addOrderRoutes(to: &router)
    }

    func admit(_ request: Request) -> Response? {
        if isTokenCall(request) { return nil }
        guard let token = request.authorization(scheme: "Bearer") else { return Self.unauthorized("No token was sent") }
        switch tokens.find(token, at: kernel.monotonicNow().sinceBeginning) {
        case .unknown: return Self.unauthorized("Invalid token")
        case .expired: return Self.unauthorized("Token expired")
        case .valid(let customerID): return refuse(request, unlessFrom: customerID)
        }
    }

    func answer(_ request: Request) -> Reply {
        .now(router.answer(Self.withoutPrefix(request), by: self) ?? Self.failure("Not found", status: 404))
    }

    /// Every `customerId` there is has to be the token's.
    private func refuse(_ request: Request, unlessFrom customerID: String) -> Response? {
        let values = request.fields.filter { $0.name.lowercased() == "customerid" }.map(\.value)
        guard !values.isEmpty else { return Self.failure("The header customerId is missing", status: 403) }
        let isRight = values.allSatisfy { $0 == customerID }
        return isRight ? nil : Self.failure("The header customerId names another customer", status: 403)
    }

    private static func withoutPrefix(_ request: Request) -> Request {
        guard request.segments.starts(with: ["api", "v1"]) else { return request }
        var stripped = request
        stripped.segments.removeFirst(2)
        return stripped
    }

    func isTokenCall(_ request: Request) -> Bool {
        let segments = Self.withoutPrefix(request).segments
        return segments.count == 4 && segments[0] == "customer" && segments[2...] == ["users", "authenticateApiClient"]
    }
}

// MARK: answers

extension Bloquo {
    static func success(_ result: JSONDocument) -> Response { .json(["status": true, "result": result]) }

    static func failure(_ message: String, status: Int) -> Response {
        .json(["status": false, "message": .string(message)], status: status)
    }

    private static func unauthorized(_ message: String) -> Response {
        failure(message, status: 401).with("WWW-Authenticate", "Bearer")
    }
}

// MARK: tokens and the organisation

extension Bloquo {
    /// Wrong credentials are answered with 200 and `status: false`, as the provider may do.
    private func authenticate(_ request: Request, _ parameters: Parameters) -> Response {
        calls.authentications += 1
        if let failure = failures.take() { return refuse(failure) }
        guard let id = request.json?["clientId"]?.string, let secret = request.json?["clientSecret"]?.string else {
            return refuse(Self.failure("clientId and clientSecret are required", status: 400))
        }
        let isRight =
            parameters["customerID"] == credentials.bloquoCustomerID && id == credentials.bloquoClientID
            && secret == credentials.bloquoClientSecret
        guard isRight else { return refuse(Self.failure("Invalid API client", status: 200)) }
        let token = tokens.issue(
            customerID: credentials.bloquoCustomerID, lifetime: tokenLifetime, kernel: kernel)
        let result: JSONDocument = [
            "accessToken": .string(token), "expiresIn": .int(Int(tokenLifetime.components.seconds)),
            "tokenType": "Bearer",
        ]
        return Self.success(result).with("Cache-Control", "no-store")
    }

    private func refuse(_ response: Response) -> Response {
        calls.refused += 1
        return response
    }

    private func customer(_: Request, _: Parameters) -> Response {
        Self.success([
            "id": .string(credentials.bloquoCustomerID), "name": "Demo Organisation", "email": "demo@example.com",
            "isActive": true,
        ])
    }
}
