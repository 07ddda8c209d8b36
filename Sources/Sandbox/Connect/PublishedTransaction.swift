/// One accepted `POST /api/v1/tx/send`. The same transaction sent twice makes two of these.
public struct PublishedTransaction: Equatable, Sendable {
    /// 1 for the first.
    public let sequence: Int
    public let txid: String
    /// As it came, in hexadecimal digits.
    public let rawtx: String

    var document: JSONDocument {
        ["sequence": .int(sequence), "txid": .string(txid), "rawtx": .string(rawtx)]
    }
}
