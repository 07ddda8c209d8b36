import EventLoop
import Wire

/// What is measured, by its name on the command line.
enum Scenario: String, CaseIterable {
    case requestHead = "request-head"
    case browserHead = "browser-head"
    case responseHead = "response-head"
    case headWriter = "head-writer"
    case request, post, renewal, replay

    /// Does it `count` times.
    func run(_ count: Int) throws {
        switch self {
        case .requestHead: try Self.parseRequests(Messages.request, count)
        case .browserHead: try Self.parseRequests(Messages.browserRequest, count)
        case .responseHead: try Self.parseResponses(count)
        case .headWriter: try Self.writeHeads(count)
        case .request: try Proxying(Script()).answer(count)
        case .post: try Proxying(Script(request: Messages.order)).answer(count)
        // So short, for the loop wakes up now and then while it waits.
        case .renewal: try Proxying(Script(hasRequests: false, tokenLifetime: 2)).renew(count)
        // A second each, so that token calls do not come too soon after one another.
        case .replay: try Proxying(Script(refusesTokens: true, timeOfTurn: .seconds(1))).answer(count)
        }
    }

    private static func parseRequests(_ bytes: [UInt8], _ count: Int) throws {
        var head = RequestHead()
        for _ in 0..<count {
            guard try head.parse(bytes.span) == bytes.count else { fatalError("the head is whole") }
        }
    }

    private static func parseResponses(_ count: Int) throws {
        var head = ResponseHead()
        let bytes = Messages.answer
        for _ in 0..<count {
            guard try head.parse(bytes.span) != nil, head.status == 200 else { fatalError("the head is whole") }
        }
    }

    private static func writeHeads(_ count: Int) throws {
        var head = RequestHead()
        let bytes = Messages.browserRequest
        _ = try head.parse(bytes.span)
        let filter = FieldFilter(removing: ["Host", "Authorization", "Proxy-Authorization", "X-Request-Id", "Expect", "Cookie", "Cookie2"])
        var pool = BufferPool()
        var buffer = pool.lend()
        for _ in 0..<count {
            let fits = buffer.append { output in head.writeFields(from: bytes.span, except: filter, into: &output) }
            precondition(fits && buffer.count > 300)
            buffer.removeAll()
        }
        pool.giveBack(buffer)
    }
}
