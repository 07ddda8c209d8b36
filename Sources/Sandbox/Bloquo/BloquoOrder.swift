/// Something that moved money in the emulated Bloquo. A request that came twice makes two of these.
public struct BloquoOrder: Equatable, Sendable {
    public enum Kind: String, Sendable {
        case deposit = "Deposit"
        case refund = "Refund"
        case withdrawal = "Withdrawal"
        case trade = "Trade"
    }

    /// 1 for the first.
    public let sequence: Int
    public let kind: Kind
    public let id: String
    public let accountID: String
    public let currency: String
    /// A decimal number.
    public let amount: String
    /// Whether the account received it.
    public let isCredit: Bool
    /// As the request gave it.
    public let clientReference: String?
    /// The account's balance afterwards, a decimal number.
    public let balance: String

    var document: JSONDocument {
        [
            "sequence": .int(sequence), "kind": .string(kind.rawValue), "id": .string(id),
            "accountId": .string(accountID), "currency": .string(currency), "amount": .string(amount),
            "type": isCredit ? "Credit" : "Debit", "clientReference": clientReference.map { .string($0) } ?? .null,
            "balance": .string(balance), "status": "Completed",
        ]
    }
}
