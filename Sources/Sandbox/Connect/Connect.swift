internal import EventLoop
internal import Wire

/// Bloq Connect for Bitcoin: a REST API to the chain, one call that publishes a transaction, and events.
final class Connect: Service {
    var ledger = Ledger<PublishedTransaction>()
    let events: ConnectEvents
    private let issuer: TokenIssuer
    private var router = Router<Connect>()

    init(issuer: TokenIssuer, loop: Loop, settings: Sandbox.Settings) {
        self.issuer = issuer
        events = ConnectEvents(loop: loop, issuer: issuer, settings: settings)
        router.on(.get, "/api/v1/status", Connect.status)
        router.on(.get, "/api/v1/sync", Connect.sync)
        router.on(.get, "/api/v1/peer", Connect.peer)
        router.on(.get, "/api/v1/utils/estimatefee", Connect.estimateFee)
        addBlockRoutes(to: &router)
        addTransactionRoutes(to: &router)
        addAddressRoutes(to: &router)
    }

    func admit(_ request: Request) -> Response? {
        if ConnectEvents.owns(request) { return events.admit(request) }
        guard let token = request.authorization(scheme: "Bearer") else { return TokenFault.missing.response }
        do throws(TokenFault) {
            _ = try issuer.verify(token, for: "connect")
            return nil
        } catch {
            return error.response
        }
    }

    func answer(_ request: Request) -> Reply {
        if ConnectEvents.owns(request) { return events.answer(request) }
        return .now(router.answer(request, by: self) ?? .text("Not found", status: 404))
    }
}

// MARK: the node

extension Connect {
    private func status(_ request: Request, _: Parameters) -> Response {
        switch request.parameter("q") {
        case "getDifficulty": .json(["difficulty": .number(Chain.difficulty)])
        case "getBestBlockHash": .json(["bestblockhash": .string(ChainHash.block(height: Chain.tip))])
        case "getLastBlockHash":
            .json([
                "syncTipHash": .string(ChainHash.block(height: Chain.tip)),
                "lastblockhash": .string(ChainHash.block(height: Chain.tip)),
            ])
        default:
            .json([
                "info": [
                    "version": 270_100, "protocolversion": 70_016, "blocks": .int(Chain.tip), "timeoffset": 0,
                    "connections": 12, "proxy": "", "difficulty": .number(Chain.difficulty), "testnet": false,
                    "relayfee": .number("0.00001"), "errors": "", "network": "livenet",
                ]
            ])
        }
    }

    private func sync(_: Request, _: Parameters) -> Response {
        .json([
            "status": "finished", "blockChainHeight": .int(Chain.tip), "syncPercentage": 100, "height": .int(Chain.tip),
            "error": .null, "type": "bitcore node",
        ])
    }

    private func peer(_: Request, _: Parameters) -> Response {
        .json(["connected": true, "host": "127.0.0.1", "port": .null])
    }

    /// Bitcoins per 1,000 bytes, less for more patience.
    private func estimateFee(_ request: Request, _: Parameters) -> Response {
        let text = request.parameter("nbBlocks") ?? "2"
        var members: [(String, JSONDocument)] = []
        for part in text.split(separator: ",") {
            guard let blocks = Int(part), (1...1008).contains(blocks) else {
                return .text("nbBlocks is a number of blocks from 1 to 1008", status: 400)
            }
            members.append((String(blocks), .number(Chain.bitcoins(1000 + 24_000 / blocks))))
        }
        return .json(.object(members))
    }
}
