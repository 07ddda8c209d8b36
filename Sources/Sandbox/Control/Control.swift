internal import Wire

/// Tells what happened in the sandbox and makes tokens and token calls fail, on every service and without a token:
///
/// - `GET /_sandbox/state`: counts and ledgers of all services as JSON.
/// - `POST /_sandbox/revoke`: every access token issued so far is refused from now on.
/// - `POST /_sandbox/revoke-refresh`: the same for refresh tokens.
/// - `POST /_sandbox/fail?status=503&count=N[&retryAfter=S]`: the next N token calls, of any service, get this status.
///   A count of 0 ends it.
/// - `POST /_sandbox/tx[?address=A]` and `POST /_sandbox/block`: subscribers are told of a transaction, or a block, now.
///   The answer says of which.
final class Control {
    private let state: () -> JSONDocument
    private let revokeAccess: () -> Void
    private let revokeRefresh: () -> Void
    private let failures: TokenFailures
    private let events: ConnectEvents

    init(
        failures: TokenFailures, state: @escaping () -> JSONDocument, revokeAccess: @escaping () -> Void,
        revokeRefresh: @escaping () -> Void, events: ConnectEvents
    ) {
        self.events = events
        self.failures = failures
        self.state = state
        self.revokeAccess = revokeAccess
        self.revokeRefresh = revokeRefresh
    }

    /// Whether the request is for here, rather than for the service.
    func owns(_ request: Request) -> Bool {
        request.segments.count == 2 && request.segments[0] == "_sandbox"
            && ["state", "revoke", "revoke-refresh", "fail", "tx", "block"].contains(request.segments[1])
    }

    func answer(_ request: Request) -> Response {
        switch (request.segments[1], request.method) {
        case ("state", .get), ("state", .head): return .json(state())
        case ("revoke", .post): revokeAccess()
        case ("revoke-refresh", .post): revokeRefresh()
        case ("fail", .post): return fail(request)
        case ("tx", .post): return announceTransaction(request)
        case ("block", .post): return .json(["hash": .string(events.announceBlock())])
        default: return .text("Method not allowed\n", status: 405)
        }
        return .json(["done": true])
    }

    private func fail(_ request: Request) -> Response {
        guard let status = number(request, "status"), (400...599).contains(status),
            let count = number(request, "count"), (0...1_000_000).contains(count)
        else { return .text("status is from 400 to 599, and count a number of calls\n", status: 400) }
        failures.order(status: status, count: count, retryAfter: number(request, "retryAfter"))
        return .json(["done": true])
    }

    private func announceTransaction(_ request: Request) -> Response {
        var address: Int?
        if let text = request.parameter("address") {
            guard case .known(let number) = ChainAddress.meaning(of: text) else {
                return .text("address is one of the chain's\n", status: 400)
            }
            address = number
        }
        guard let transaction = events.announceTransaction(ofAddress: address) else {
            return .text("the address has no transaction\n", status: 400)
        }
        return .json(["txid": .string(transaction.txid)])
    }

    private func number(_ request: Request, _ name: String) -> Int? { request.parameter(name).flatMap { Int($0) } }
}
