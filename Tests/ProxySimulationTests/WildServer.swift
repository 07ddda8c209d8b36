import EventLoop
import Simulation

/// An upstream that keeps to the rules now and then. What it answers as it should ends with `end`, and names the request.
final class WildServer {
    /// From now on it keeps to the rules.
    var isTame = false
    /// How often the beginning of each request has come, and how often it was answered 401.
    private(set) var arrivals: [String: Int] = [:]
    private(set) var refusals: [String: Int] = [:]
    /// Requests that came on a connection after more than one answer had been given to one before it. If the
    /// second is on its way when such a request is sent, nobody can tell it from the answer to that.
    private(set) var doubtful: Set<String> = []
    /// Whether an answer and what follows it may arrive apart.
    private let isRough: Bool
    private var dice: Seed
    /// Likes one kind of misbehaviour more than all others.
    private let favourite: Int

    init(isRough: Bool, _ dice: inout Seed) {
        self.isRough = isRough
        self.dice = dice.split()
        favourite = dice.integer(in: 0...40)
    }

    func accepted(_ connection: SimulatedClient) {
        var isPoisoned = false
        var waiting: [UInt8] = []
        var current: (id: String, isHead: Bool, left: Int)?
        if !isTame, dice.chance(0.03) { return connection.close() }
        connection.whenReceived = { [unowned self, unowned connection] _ in
            waiting += connection.received
            connection.clearReceived()
            while connection.ending == nil {
                if current == nil {
                    guard let (head, count) = Self.takeHead(&waiting) else { return }
                    current = (head.id, head.isHead, count)
                    arrivals[head.id, default: 0] += 1
                    if isPoisoned { doubtful.insert(head.id) }
                    // Some do not wait for the content.
                    if count > 0, !isTame, dice.chance(0.1) {
                        isPoisoned = true
                        answer(connection, head.id, isHead: head.isHead)
                    }
                }
                guard let request = current else { return }
                let taken = min(request.left, waiting.count)
                waiting.removeFirst(taken)
                current?.left -= taken
                if taken < request.left { return }
                current = nil
                let hasMore = answer(connection, request.id, isHead: request.isHead)
                isPoisoned = isPoisoned || hasMore && isRough
            }
        }
    }

    /// The request's name, whether it is HEAD, and the length of its content.
    private static func takeHead(_ bytes: inout [UInt8]) -> ((id: String, isHead: Bool), Int)? {
        guard let end = String(decoding: bytes, as: UTF8.self).firstRange(of: "\r\n\r\n") else { return nil }
        let head = String(decoding: bytes, as: UTF8.self)[..<end.lowerBound]
        bytes.removeFirst(head.utf8.count + 4)
        func value(_ name: String) -> String? {
            head.firstRange(of: "\r\n\(name): ").map { String(head[$0.upperBound...].prefix { $0 != "\r\n" }) }
        }
        return ((value("X-Request-Id") ?? "", head.hasPrefix("HEAD ")), value("Content-Length").flatMap { Int($0) } ?? 0)
    }
}

// MARK: answers

extension WildServer {
    /// Whether there was more than the answer.
    @discardableResult
    private func answer(_ connection: SimulatedClient, _ id: String, isHead: Bool) -> Bool {
        if isTame {
            reply(connection, length(id, isHead: isHead))
            return false
        }
        let kind = dice.chance(0.3) ? favourite : dice.integer(in: 0...40)
        switch kind {
        case 0: connection.close()
        case 1: break
        case 2: reply(connection, "HTTP/1.1 20")
        case 3: sendAndClose(connection, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n\(id) but not all of it")
        case 4: sendAndClose(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n\(id)")
        case 5: reply(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\(id)end\r\n0\r\n\r\n")
        case 6: reply(connection, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nend")
        case 7: reply(connection, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nend\r\n0\r\n\r\n")
        case 8: connection.send(pieces: [(0..<dice.integer(in: 1...3000)).map { _ in UInt8(dice.integer(in: 0...255)) }], every: .milliseconds(1))
        case 9: reply(connection, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\n\r\n")
        case 10: reply(connection, "HTTP/1.1 200 OK\r\nX: \(String(repeating: ".", count: 70_000))\r\nContent-Length: 0\r\n\r\n")
        case 11: reply(connection, interims(dice.integer(in: 17...40)) + length(id, isHead: isHead))
        case 12: reply(connection, length(id, isHead: isHead) + length("poison", isHead: false))
        case 13: reply(connection, refusal(id) + "Content-Length: 100000\r\n\r\n\(filler(100_000))")
        case 14: reply(connection, refusal(id) + "Content-Length: 1000\r\n\r\nno")
        case 15: sendAndClose(connection, refusal(id) + "Transfer-Encoding: chunked\r\n\r\n5\r\nno")
        case 16: reply(connection, refusal(id) + "Content-Length: 2\r\n\r\n\(isHead ? "" : "no")poison")
        case 17, 18, 19: reply(connection, refusal(id) + "Content-Length: 2\r\n\r\n\(isHead ? "" : "no")")
        case 20: reply(connection, "HTTP/1.1 200 OK\r\nX : y\r\nContent-Length: 3\r\n\r\nend")
        default: keepRules(connection, id, isHead: isHead, kind)
        }
        return [8, 12, 14, 16].contains(kind)
    }

    private func keepRules(_ connection: SimulatedClient, _ id: String, isHead: Bool, _ kind: Int) {
        switch kind {
        case 21: reply(connection, "HTTP/1.1 204 No Content\r\n\r\n")
        case 22: reply(connection, "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n")
        case 23: reply(connection, interims(dice.integer(in: 1...16)) + length(id, isHead: isHead))
        case 24: reply(connection, "HTTP/1.1 200 OK\r\nX: \(filler(30_000))\r\nContent-Length: 3\r\n\r\n\(isHead ? "" : "end")")
        case 25...29: reply(connection, chunked(id, isHead: isHead))
        case 30: sendAndClose(connection, length(id, isHead: isHead))
        case 31:
            let answer = Array(length(id, isHead: isHead).utf8)
            connection.send(pieces: dice.pieces(of: answer, countMax: 8), every: dice.duration(in: .zero ... .seconds(2)))
        case 32 where !isHead: sendAndClose(connection, "HTTP/1.0 200 OK\r\n\r\n\(id) \(filler(5000))end")
        default: reply(connection, length(id, isHead: isHead))
        }
    }

    /// Behind what is still being sent, where that is an answer in pieces.
    private func reply(_ connection: SimulatedClient, _ text: String) {
        connection.send(pieces: [Array(text.utf8)], every: .milliseconds(1))
    }

    private func sendAndClose(_ connection: SimulatedClient, _ text: String) {
        reply(connection, text)
        connection.finishSending()
    }

    private func refusal(_ id: String) -> String {
        refusals[id, default: 0] += 1
        return "HTTP/1.1 401 Unauthorized\r\n"
    }

    private func interims(_ count: Int) -> String {
        (0..<count).map { "HTTP/1.1 \($0 % 3 == 0 ? 100 : 103) \(dice.chance(0.1) ? "" : "Early")\r\nX: \(filler(8000))\r\n\r\n" }.joined()
    }

    private func length(_ id: String, isHead: Bool) -> String {
        let content = "\(id) \(filler(9000))end"
        return "HTTP/1.1 200 OK\r\nContent-Length: \(content.utf8.count)\r\n\r\n\(isHead ? "" : content)"
    }

    private func chunked(_ id: String, isHead: Bool) -> String {
        var text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
        if isHead { return text }
        for part in ["\(id) ", filler(20_000), "e", "nd"] where !part.isEmpty { text += "\(String(part.utf8.count, radix: 16));x=y\r\n\(part)\r\n" }
        return text + "0\r\nX-Sum: 1\r\n\r\n"
    }

    private func filler(_ most: Int) -> String { String(repeating: ".", count: dice.chance(0.5) ? dice.integer(in: 0...most) : 10) }
}
