internal import EventLoop
internal import Wire

extension Bloquo {
    func addOrderRoutes(to router: inout Router<Bloquo>) {
        router.on(.get, "/orders/deposit", Bloquo.deposits)
        router.on(.post, "/orders/deposit/account/:accountID", Bloquo.deposit)
        router.on(.post, "/orders/deposit/account/:accountID/refund/:depositID", Bloquo.refund)
        router.on(.post, "/orders/withdrawal/account/:accountID", Bloquo.withdraw)
        router.on(.post, "/trade/customer/quote", Bloquo.quote)
        router.on(.post, "/trade/customer/*/quote", Bloquo.quote)
        router.on(.put, "/trade/customer/execute/:quoteOrder", Bloquo.execute)
        router.on(.put, "/trade/customer/*/execute/:quoteOrder", Bloquo.execute)
    }

    private func deposits(_: Request, _: Parameters) -> Response {
        let shown = book.ledger.entries.reversed().filter { $0.kind == .deposit }
        return Self.success(.array(shown.prefix(Limits.listEntriesMax).map(\.document)))
    }

    private func deposit(_ request: Request, _ parameters: Parameters) -> Response {
        answer { book throws(BloquoFault) in
            try book.deposit(
                account: parameters["accountID"] ?? "", amount: Self.amount(request), reference: Self.reference(request)
            ).document
        }
    }

    private func refund(_ request: Request, _ parameters: Parameters) -> Response {
        answer { book throws(BloquoFault) in
            try book.refund(
                account: parameters["accountID"] ?? "", deposit: parameters["depositID"] ?? "",
                reference: Self.reference(request)
            ).document
        }
    }

    private func withdraw(_ request: Request, _ parameters: Parameters) -> Response {
        answer { book throws(BloquoFault) in
            try book.withdraw(
                account: parameters["accountID"] ?? "", amount: Self.amount(request), reference: Self.reference(request)
            ).document
        }
    }

    private func quote(_ request: Request, _: Parameters) -> Response {
        let now = kernel.monotonicNow().sinceBeginning
        return answer { book throws(BloquoFault) in
            let side = request.json?["side"]?.string ?? "Buy"
            guard side == "Buy" || side == "Sell" else { throw .invalid("side is Buy or Sell") }
            let currency = request.json?["currency"]?.string ?? "BTC"
            return try book.quote(
                isBuy: side == "Buy", currency: currency, amount: Self.amount(request), at: now
            ).document
        }
    }

    private func execute(_: Request, _ parameters: Parameters) -> Response {
        let now = kernel.monotonicNow().sinceBeginning
        return answer { book throws(BloquoFault) in
            try book.execute(quote: parameters["quoteOrder"] ?? "", at: now).document
        }
    }

    private func answer(_ body: (inout BloquoBook) throws(BloquoFault) -> JSONDocument) -> Response {
        do throws(BloquoFault) {
            return Self.success(try body(&book))
        } catch {
            return error.response
        }
    }

    /// A string or a number; of a number too the digits count that were sent.
    private static func amount(_ request: Request) throws(BloquoFault) -> String {
        switch request.json?["amount"]?.value {
        case .string(let text): return text
        case .number(let number): return number.text
        default: throw .invalid("The content is JSON with amount: a decimal number as a string")
        }
    }

    private static func reference(_ request: Request) -> String? { request.json?["clientReference"]?.string }
}
