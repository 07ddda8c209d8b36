/// The money that the emulated Bloquo keeps: three accounts, what moved, and quotes that wait for their execution.
struct BloquoBook {
    struct Account {
        let id: String
        let name: String
        let currency: String
        /// Digits behind the point.
        let fractionDigits: Int
        var balance: Amount

        func text(_ amount: Amount) -> String { amount.text(fractionDigits: fractionDigits) }
    }

    private(set) var accounts = [
        account("ac000000-0000-4000-8000-000000000001", "Bitcoin", "BTC", 8, "12.5"),
        account("ac000000-0000-4000-8000-000000000002", "Ether", "ETH", 8, "240"),
        account("ac000000-0000-4000-8000-000000000003", "US dollars", "USD", 2, "250000"),
    ]
    private(set) var ledger = Ledger<BloquoOrder>()
    private var refunded: Set<String> = []
    private var quotes: [String: BloquoQuote] = [:]
    private var quoteCount = 0

    private static func account(
        _ id: String, _ name: String, _ currency: String, _ fractionDigits: Int, _ balance: String
    ) -> Account {
        Account(
            id: id, name: name, currency: currency, fractionDigits: fractionDigits, balance: Amount(balance) ?? .zero)
    }

    /// What one of a currency costs in US dollars.
    private static let prices = ["BTC": "91250.50", "ETH": "3150.25"]

    private func index(of id: String) throws(BloquoFault) -> Int {
        guard let index = accounts.firstIndex(where: { $0.id == id }) else { throw .notFound("No such account") }
        return index
    }

    private func index(ofCurrency currency: String) throws(BloquoFault) -> Int {
        guard let index = accounts.firstIndex(where: { $0.currency == currency }) else {
            throw .invalid("There is no account in \(currency)")
        }
        return index
    }

    private func amount(_ text: String, of account: Account) throws(BloquoFault) -> Amount {
        guard let amount = Amount(text, fractionDigits: account.fractionDigits) else {
            throw .invalid(
                "amount is a positive decimal number with at most \(account.fractionDigits) digits behind the point")
        }
        return amount
    }
}

// MARK: orders

extension BloquoBook {
    /// Money comes in, at once.
    mutating func deposit(
        account id: String, amount text: String, reference: String?
    ) throws(BloquoFault) -> BloquoOrder {
        let index = try index(of: id)
        return try move(.deposit, index, amount(text, of: accounts[index]), isCredit: true, reference)
    }

    /// A deposit goes back, once.
    mutating func refund(account id: String, deposit: String, reference: String?) throws(BloquoFault) -> BloquoOrder {
        let index = try index(of: id)
        let order = ledger.entries.first { $0.id == deposit && $0.kind == .deposit && $0.accountID == id }
        guard let order else { throw .notFound("No such deposit") }
        guard !refunded.contains(deposit) else { throw .conflict("The deposit was refunded before") }
        let result = try move(.refund, index, amount(order.amount, of: accounts[index]), isCredit: false, reference)
        refunded.insert(deposit)
        return result
    }

    /// Money goes out, at once.
    mutating func withdraw(
        account id: String, amount text: String, reference: String?
    ) throws(BloquoFault) -> BloquoOrder {
        let index = try index(of: id)
        return try move(.withdrawal, index, amount(text, of: accounts[index]), isCredit: false, reference)
    }

    private mutating func move(
        _ kind: BloquoOrder.Kind, _ index: Int, _ amount: Amount, isCredit: Bool, _ reference: String?
    ) throws(BloquoFault) -> BloquoOrder {
        guard !ledger.isFull else { throw .full }
        let account = accounts[index]
        if isCredit {
            guard let balance = account.balance.adding(amount) else { throw .invalid("The account cannot hold so much") }
            accounts[index].balance = balance
        } else {
            guard amount <= account.balance else { throw .invalid("Insufficient balance") }
            accounts[index].balance = account.balance - amount
        }
        let sequence = ledger.nextSequence
        let order = BloquoOrder(
            sequence: sequence, kind: kind, id: "\(kind.rawValue.lowercased())-\(sequence)", accountID: account.id,
            currency: account.currency, amount: account.text(amount), isCredit: isCredit, clientReference: reference,
            balance: account.text(accounts[index].balance))
        ledger.append(order)
        return order
    }
}

// MARK: trades

extension BloquoBook {
    /// A price for so much of a currency in US dollars, good for `BloquoQuote.lifetime`.
    mutating func quote(
        isBuy: Bool, currency: String, amount text: String, at now: Duration
    ) throws(BloquoFault) -> BloquoQuote {
        guard let price = Self.prices[currency].flatMap({ Amount($0) }) else {
            throw .invalid("\(currency) is not traded; BTC and ETH are")
        }
        let account = accounts[try index(ofCurrency: currency)]
        let dollars = accounts[try index(ofCurrency: "USD")]
        let amount = try amount(text, of: account)
        guard let total = amount.times(price, fractionDigits: dollars.fractionDigits, roundingUp: isBuy),
            total > .zero
        else { throw .invalid("The amount cannot be traded in cents") }
        guard quotes.count < Limits.quotesMax else { throw .full }
        quoteCount += 1
        let quote = BloquoQuote(
            id: "quote-\(quoteCount)", isBuy: isBuy, currency: currency, amount: amount,
            amountText: account.text(amount), price: dollars.text(price), total: total,
            totalText: dollars.text(total), expiresAt: now + BloquoQuote.lifetime)
        quotes[quote.id] = quote
        return quote
    }

    /// Trades as the quote says, once.
    mutating func execute(quote id: String, at now: Duration) throws(BloquoFault) -> BloquoOrder {
        guard let quote = quotes[id] else { throw .notFound("No such quote") }
        guard !quote.isExecuted else { throw .conflict("The quote was executed before") }
        guard now < quote.expiresAt else { throw .gone("The quote has expired") }
        let dollars = try index(ofCurrency: "USD")
        let traded = try index(ofCurrency: quote.currency)
        let (payer, price) = quote.isBuy ? (dollars, quote.total) : (traded, quote.amount)
        let (payee, received) = quote.isBuy ? (traded, quote.amount) : (dollars, quote.total)
        guard price <= accounts[payer].balance else { throw .invalid("Insufficient balance") }
        guard accounts[payee].balance.adding(received) != nil else { throw .invalid("The account cannot hold so much") }
        // The ledger has one entry for a trade: what the traded currency's account received or gave.
        let order = try move(.trade, traded, quote.amount, isCredit: quote.isBuy, quote.id)
        let balance = accounts[dollars].balance
        accounts[dollars].balance = quote.isBuy ? balance - quote.total : balance.adding(quote.total) ?? balance
        quotes[id]?.isExecuted = true
        return order
    }
}
