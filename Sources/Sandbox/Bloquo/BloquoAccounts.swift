internal import Wire

extension Bloquo {
    func addAccountRoutes(to router: inout Router<Bloquo>) {
        router.on(.get, "/customer/account", Bloquo.accounts)
        router.on(.get, "/customer/account/balances", Bloquo.balances)
        router.on(.get, "/customer/transaction", Bloquo.transactions)
    }

    private func accounts(_: Request, _: Parameters) -> Response {
        Self.success(.array(book.accounts.map { .object(Self.members($0)) }))
    }

    private func balances(_ request: Request, _: Parameters) -> Response {
        let includesAccount = request.parameter("includes") == "account"
        let balances = book.accounts.map { account -> JSONDocument in
            var members: [(String, JSONDocument)] = [
                ("accountId", .string(account.id)), ("currency", .string(account.currency)),
                ("available", .string(account.text(account.balance))), ("pending", .string(account.text(.zero))),
                ("total", .string(account.text(account.balance))),
            ]
            if includesAccount { members.append(("account", .object(Self.members(account)))) }
            return .object(members)
        }
        return Self.success(.array(balances))
    }

    /// All that moved, or what came in, or what went out; the latest first.
    private func transactions(_ request: Request, _: Parameters) -> Response {
        let type = request.parameter("type")
        guard type == nil || type == "Credit" || type == "Debit" else {
            return Self.failure("type is Credit or Debit", status: 400)
        }
        let shown = book.ledger.entries.reversed().filter { type == nil || $0.isCredit == (type == "Credit") }
        return Self.success(.array(shown.prefix(Limits.listEntriesMax).map(\.document)))
    }

    private static func members(_ account: BloquoBook.Account) -> [(String, JSONDocument)] {
        [
            ("id", .string(account.id)), ("name", .string(account.name)), ("currency", .string(account.currency)),
            ("isActive", true),
        ]
    }
}
