/// An offer to trade a currency for US dollars.
struct BloquoQuote {
    static let lifetime = Duration.seconds(600)

    let id: String
    let isBuy: Bool
    let currency: String
    let amount: Amount
    let amountText: String
    /// US dollars for one.
    let price: String
    /// US dollars for all.
    let total: Amount
    let totalText: String
    /// Time since the kernel began.
    let expiresAt: Duration
    var isExecuted = false

    var document: JSONDocument {
        [
            "quoteOrder": .string(id), "side": isBuy ? "Buy" : "Sell", "currency": .string(currency),
            "amount": .string(amountText), "price": .string(price), "total": .string(totalText),
            "totalCurrency": "USD", "expiresIn": .int(Int(Self.lifetime.components.seconds)),
        ]
    }
}
