import Testing

@testable import Sandbox

struct ChainTests {
    @Test func `no transaction makes or loses money`() throws {
        for number in stride(from: 5001, to: Chain.lastTransaction, by: 100_003) where number % 4 != 0 {
            let transaction = ChainTransaction(number)
            let source = try #require(transaction.source)
            #expect(source.total == transaction.total + Chain.fee)
            #expect(transaction.outputs.reduce(0) { $0 + $1.satoshis } == transaction.total)
            #expect(source.spender?.number == number)
            #expect(Set(source.outputs.map(\.address)) == Set(transaction.outputs.map(\.address)))
        }
    }

    @Test func `hashes and addresses lead back to what they name`() {
        for number in stride(from: 0, to: Chain.tip, by: 4999) {
            #expect(ChainHash.height(ofBlock: ChainHash.block(height: number)) == number)
            #expect(ChainHash.transactionNumber(of: ChainHash.transaction(number)) == number)
            let address = ChainAddress.meaning(of: ChainAddress.text(number % Chain.addresses))
            guard case .known(number % Chain.addresses) = address else {
                Issue.record("\(number)")
                continue
            }
        }
        #expect(ChainHash.height(ofBlock: ChainHash.transaction(5)) == nil)
        #expect(ChainHash.height(ofBlock: "1" + ChainHash.block(height: 5).dropFirst()) == nil)
    }

    @Test func `addresses of others are told from mistakes`() {
        // BIP 173 and BIP 350 give these.
        for valid in [
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        ] {
            guard case .unused = ChainAddress.meaning(of: valid) else {
                Issue.record("\(valid)")
                continue
            }
        }
        for wrong in ["bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "bc1", "", "1A1zP1eP5QGefi2DMPTfTL5SLmv7Div0Na"] {
            #expect(ChainAddress.meaning(of: wrong) == nil)
        }
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
    ])
    func `moments are shown as calendars have them`(seconds: Int, text: String) {
        let time = CivilTime(secondsSinceEpoch: seconds)
        #expect(time.fieldValue == text)
        #expect(CivilTime.seconds(ofDate: time.date) == seconds / 86_400 * 86_400)
    }

    @Test func `amounts are exact`() throws {
        #expect(Amount("0.1")?.adding(try #require(Amount("0.2")))?.text(fractionDigits: 8) == "0.30000000")
        #expect(Amount("99999999999") == nil && Amount("1.000000001") == nil && Amount("1.") == nil)
        let third = try #require(Amount("0.00000003"))
        let price = try #require(Amount("91250.50"))
        #expect(third.times(price, fractionDigits: 2, roundingUp: true)?.text(fractionDigits: 2) == "0.01")
        #expect(third.times(price, fractionDigits: 2, roundingUp: false)?.text(fractionDigits: 2) == "0.00")
    }
}
