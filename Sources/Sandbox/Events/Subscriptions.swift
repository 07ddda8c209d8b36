/// Which events a session is told.
struct Subscriptions {
    /// The room `inv`: every transaction and block.
    var hasInventory = false
    /// Those of the room `bitcoind/addresstxid`.
    private(set) var addresses: Set<String> = []

    /// What is no address is left out, and what is too much.
    mutating func add(_ texts: [String]) {
        for text in texts where addresses.count < Limits.subscribedAddressesMax && ChainAddress.meaning(of: text) != nil {
            addresses.insert(Self.normal(text))
        }
    }

    mutating func remove(_ texts: [String]) { addresses.subtract(texts.map { Self.normal($0) }) }

    /// Addresses of SegWit mean the same in capitals.
    private static func normal(_ text: String) -> String {
        let lowered = text.lowercased()
        return lowered.hasPrefix("bc1") ? lowered : text
    }
}
