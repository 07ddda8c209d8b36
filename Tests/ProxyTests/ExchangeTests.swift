import Credentials
import EventLoop
import Testing
import Wire

@testable import Proxy

/// One value holds one request after the other: nothing of the one may be left when the next begins.
@Suite struct ExchangeTests {
    @Test func `a request begins as if there had been none before it`() throws {
        var pool = BufferPool(bufferBytes: 64)
        var exchange = Exchange()
        exchange.begin(number: 1, at: .seconds(1), requestID: RequestID(made: 1))
        Self.use(&exchange)
        exchange.copy.giveUp()
        var input = pool.lend()
        exchange.copy.begin(0, of: &input, pool: &pool, contentBytesMax: 10)
        exchange.become(.waitingForToken)
        exchange.end(pool: &pool)
        #expect(pool.lentCount == 0 && exchange.chargedCount == 0 && exchange.trailers.isEmpty && exchange.upstream == .none)
        exchange.begin(number: 2, at: .seconds(2), requestID: RequestID(made: 2))
        var first = Exchange()
        first.begin(number: 2, at: .seconds(2), requestID: RequestID(made: 2))
        #expect(Self.facts(of: exchange) == Self.facts(of: first))
    }

    @Test func `of a response that is taken back nothing is left but what the client has been told`() throws {
        var exchange = Exchange()
        exchange.begin(number: 1, at: .seconds(1), requestID: RequestID(made: 1))
        let (first, last) = (8, 10)
        let before = Self.facts(of: exchange)[first...last]
        exchange.isInflated = true
        exchange.inflater = try GzipDecoder()
        exchange.isContentLegible = true
        exchange.heldBackSentCount = 4
        exchange.responsePhase = .head
        exchange.responseCoding = .chunked
        exchange.forwardsResponseTrailers = true
        exchange.isResponseEndWritten = true
        exchange.status = 200
        exchange.isResponseHeld = true
        exchange.sentCount = 12
        exchange.takeBackResponse()
        #expect(Self.facts(of: exchange)[first...last] == before)
        #expect(exchange.inflater == nil && !exchange.isInflated)
        exchange.interimCount = 1
        exchange.wasContinued = true
        exchange.receivedCount = 3
        exchange.isResponseHeld = true
        exchange.takeBackResponse()
        #expect(exchange.interimCount == 1 && exchange.wasContinued && exchange.receivedCount == 3)
    }

    @Test func `a response of which something has gone is not taken back`() async {
        await #expect(processExitsWith: .failure) {
            var exchange = Exchange()
            exchange.begin(number: 1, at: .zero, requestID: RequestID(made: 1))
            exchange.responsePhase = .head
            exchange.takeBackResponse()
        }
    }

    @Test func `a request cannot begin before the one before it has ended`() async {
        await #expect(processExitsWith: .failure) {
            var exchange = Exchange()
            exchange.begin(number: 1, at: .zero, requestID: RequestID(made: 1))
            exchange.become(.waitingForToken)
            exchange.begin(number: 2, at: .zero, requestID: RequestID(made: 2))
        }
    }

    /// Everything is other than it is in the beginning.
    private static func use(_ exchange: inout Exchange) {
        exchange.route = 3
        exchange.method = .post
        exchange.methodRange = 1..<2
        exchange.pathRange = 3..<4
        exchange.minorVersion = 0
        exchange.isPersistent = true
        exchange.isLast = true
        exchange.requestFraming = .length(7)
        exchange.requestBody = BodyReader(.length(7))
        exchange.expectsContinue = true
        exchange.offersTunnel = true
        exchange.isTooLongToKeep = true
        exchange.isInspected = true
        exchange.forwardsTrailers = true
        exchange.trailers = [1]
        exchange.chargedCount = 5
        exchange.generation = 6
        exchange.copyOffset = 7
        exchange.isRequestEndWritten = true
        exchange.isAnnounced = true
        exchange.isHeld = true
        exchange.heldUntil = .seconds(9)
        exchange.refusedGeneration = 5
        exchange.firstRefused = .seconds(8)
        exchange.isReplayOpen = true
        exchange.replayCount = 2
        exchange.hasRetriedConnection = true
        exchange.wasSentBefore = true
        exchange.refusesAnnouncement = true
        exchange.asksForGzip = true
        exchange.isInflated = true
        exchange.isContentLegible = true
        exchange.heldBackSentCount = 4
        exchange.responsePhase = .complete
        exchange.responseCoding = .chunked
        exchange.forwardsResponseTrailers = true
        exchange.isResponseEndWritten = true
        exchange.status = 500
        exchange.interimCount = 3
        exchange.isResponseHeld = true
        exchange.wasContinued = true
        exchange.receivedCount = 11
        exchange.sentCount = 12
    }

    private static func facts(of exchange: borrowing Exchange) -> [String] {
        [
            "\(exchange.phase) \(exchange.number) \(exchange.route) \(exchange.started) \(exchange.method)",
            "\(exchange.methodRange) \(exchange.pathRange) \(exchange.minorVersion)",
            "\(exchange.isPersistent) \(exchange.isLast) \(exchange.requestFraming) \(exchange.requestBody) \(exchange.expectsContinue)",
            "\(exchange.offersTunnel) \(exchange.isTooLongToKeep) \(exchange.isInspected) \(exchange.forwardsTrailers)",
            "\(exchange.trailers) \(exchange.chargedCount) \(exchange.generation) \(exchange.copyOffset) \(exchange.isRequestEndWritten)",
            "\(exchange.isAnnounced) \(exchange.isHeld) \(exchange.heldUntil) \(exchange.refusedGeneration as Any)",
            "\(exchange.firstRefused as Any) \(exchange.isReplayOpen) \(exchange.replayCount) \(exchange.hasRetriedConnection) \(exchange.wasSentBefore)",
            "\(exchange.refusesAnnouncement) \(exchange.isReplayed) \(exchange.asksForGzip) \(exchange.isInflated)",
            "\(exchange.isContentLegible) \(exchange.heldBackSentCount) \(exchange.responsePhase) \(exchange.responseCoding)",
            "\(exchange.forwardsResponseTrailers) \(exchange.isResponseEndWritten) \(exchange.status) \(exchange.interimCount)",
            "\(exchange.isResponseHeld) \(exchange.wasContinued) \(exchange.receivedCount) \(exchange.sentCount)",
        ]
    }
}
