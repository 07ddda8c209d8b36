import Sandbox
import Testing
import Wire

@Suite(.serialized)
struct ConnectTests {
    private let harness: Harness
    private let bearer: String

    init() throws {
        harness = try Harness()
        bearer = "Authorization: Bearer \(try harness.bloqTokens().access)"
    }

    private func get(_ path: String) throws -> CurlAnswer {
        try harness.curl("https://btc.connect.bloq.cloud/api/v1\(path)", "-H", bearer)
    }

    @Test func `heights, blocks and transactions lead to each other`() throws {
        let hash = try #require(try get("/block-index/869999").json()["blockHash"]?.string)
        #expect(hash.utf8.count == 64 && hash.hasPrefix("0000000000000000"))
        let block = try get("/block/\(hash)").json()
        #expect(block["height"]?.int == 869_999)
        let next = try #require(block["nextblockhash"]?.string)
        #expect(try get("/block/\(next)").json()["previousblockhash"]?.string == hash)
        let txid = try #require(block["tx"]?.array?.last?.string)
        let transaction = try get("/tx/\(txid)").json()
        #expect(transaction["blockhash"]?.string == hash && transaction["blockheight"]?.int == 869_999)
        let source = try #require(transaction["vin"]?.array?.first?["txid"]?.string)
        #expect(try get("/tx/\(source)").json()["vout"]?.array?.first?["spentTxId"]?.string == txid)
        #expect(try #require(try get("/rawtx/\(txid)").json()["rawtx"]?.string).hasPrefix("02000000"))
        #expect(try get("/txs?block=\(hash)").json()["txs"]?.array?.count == 4)
    }

    @Test func `an address has the balance of its unspent outputs`() throws {
        let list = try get("/blocks?limit=3").json()["blocks"]?.array
        #expect(list?.count == 3)
        let hash = try #require(list?.first?["hash"]?.string)
        let last = try #require(try get("/txs?block=\(hash)").json()["txs"]?.array?.last)
        let address = try #require(last["vout"]?.array?[1]["scriptPubKey"]?["addresses"]?.array?.first?.string)
        let unspent = try #require(try get("/addrs/\(address)/utxo").json().array)
        let sum = unspent.reduce(0) { $0 + ($1["satoshis"]?.int ?? 0) }
        #expect(sum > 0 && unspent.first?["txid"]?.string == last["txid"]?.string)
        #expect(try get("/addr/\(address)/balance").text == String(sum))
        let facts = try get("/addr/\(address)").json()
        #expect(facts["balanceSat"]?.int == sum)
        #expect(facts["transactions"]?.array?.first?.string == last["txid"]?.string)
        let listed = try harness.curl(
            "https://btc.connect.bloq.cloud/api/v1/addrs/txs", "-H", bearer, "--json", #"{"addrs":"\#(address)"}"#)
        #expect(try listed.json()["items"]?.array?.first?["txid"]?.string == last["txid"]?.string)
        #expect(try get("/addr/\(address)x").status == 400)
    }

    @Test func `the blocks of a day are of that day`() throws {
        let blocks = try #require(try get("/blocks?limit=500&blockDate=2024-11-12").json()["blocks"]?.array)
        #expect((140...148).contains(blocks.count))
        for block in blocks { #expect((1_731_369_600..<1_731_456_000).contains(try #require(block["time"]?.int))) }
        #expect(try get("/blocks?blockDate=2024-02-30").status == 400)
    }

    @Test func `the node tells its state, its peer and its fees`() throws {
        #expect(try get("/status").json().value(at: "info.blocks")?.int == 870_000)
        #expect(try get("/sync").json()["status"]?.string == "finished")
        #expect(try get("/peer").json()["connected"]?.bool == true)
        #expect(try get("/utils/estimatefee?nbBlocks=2").text == #"{"2":0.00013000}"#)
    }

    @Test func `what there is not is 404, and a method that there is not 405`() throws {
        for path in ["/nothing", "/block/00", "/tx/00", "/rawtx/00", "/block-index/870001", "/block-index/x", ""] {
            #expect(try get(path).status == 404)
        }
        #expect(try get("/tx/send").status == 404)
        #expect(try harness.curl(statusURL, "-H", bearer, "-X", "PUT").status == 405)
    }

    @Test func `each transaction that is sent is an entry of the ledger, also one that is sent twice`() throws {
        let url = "https://btc.connect.bloq.cloud/api/v1/tx/send"
        for rawtx in ["0200", "0200", "0a0b"] {
            let answer = try harness.curl(url, "-H", bearer, "--json", #"{"rawtx":"\#(rawtx)"}"#)
            #expect(answer.status == 200)
            let txid = try #require(try answer.json()["txid"]?.string)
            #expect(try get("/rawtx/\(txid)").json()["rawtx"]?.string == rawtx)
        }
        #expect(try harness.curl(url, "-H", bearer, "--json", #"{"rawtx":"xyz"}"#).status == 400)
        #expect(try harness.curl(url, "--json", #"{"rawtx":"00"}"#).status == 401)
        let ledger = harness.onLoop { $0.publishedTransactions }
        #expect(ledger.map(\.rawtx) == ["0200", "0200", "0a0b"])
        #expect(ledger.map(\.sequence) == [1, 2, 3])
        let state = try harness.curl("https://btc.connect.bloq.cloud/_sandbox/state").json()
        #expect(state.value(at: "connect.transactions")?.array?.count == 3)
    }

    @Test func `tokens are refused for the reason that the provider gives`() throws {
        func refusal(_ arguments: String...) throws -> String {
            let answer = try harness.curl(statusURL, arguments.first ?? "-s", arguments.last ?? "-s")
            #expect(answer.status == 401)
            return answer.text
        }
        #expect(try refusal() == "No authorization token was found")
        #expect(try refusal("-H", "Authorization: Bearer nonsense") == "jwt malformed")
        #expect(try refusal("-H", bearer + "AAAA") != "jwt expired")
        #expect(try harness.curl("https://btc.connect.bloq.cloud/_sandbox/revoke", "-X", "POST").status == 200)
        #expect(try refusal("-H", bearer) == "invalid token")
        let renewed = "Authorization: Bearer \(try harness.bloqTokens().access)"
        #expect(try harness.curl(statusURL, "-H", renewed).status == 200)
        #expect(harness.onLoop { $0.connectRequests.refused } == 4)
    }

    @Test func `a token that has run out is refused with jwt expired`() throws {
        let harness = try Harness(Sandbox.Settings(tokenLifetime: .seconds(1)))
        let bearer = "Authorization: Bearer \(try harness.bloqTokens().access)"
        var answer = try harness.curl(statusURL, "-H", bearer)
        while answer.status == 200 { answer = try harness.curl(statusURL, "-H", bearer) }
        #expect(answer.status == 401 && answer.text == "jwt expired")
    }
}
