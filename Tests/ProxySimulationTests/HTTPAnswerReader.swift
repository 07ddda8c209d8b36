import Simulation

/// Reads answers as a client does, from bytes as they arrive: a reader of its own, so that the proxy is not judged
/// by its own parser.
struct HTTPAnswerReader {
    private enum State {
        case head
        case fixed(Int)
        case chunkSize
        case chunk(Int)
        case chunkEnd
        case trailer
        case untilEnd
        case tunnel
    }

    private(set) var answers: [HTTPAnswer] = []
    /// What no server may send.
    private(set) var faults: [String] = []
    private var state = State.head
    private var waiting: [UInt8] = []
    private var answer = HTTPAnswer()
    private var heads: [Bool] = []
    private var expectedCount = 0

    /// Whether part of an answer has arrived, beyond the whole ones.
    var isWithinAnswer: Bool {
        if case .head = state { return !waiting.isEmpty }
        return true
    }

    /// A 101 has come: nothing behind it is HTTP.
    var isTunnelling: Bool {
        if case .tunnel = state { return true }
        return false
    }

    /// What has come behind a 101 and was not taken yet.
    mutating func takeTunnelled() -> [UInt8] {
        defer { waiting = [] }
        return waiting
    }

    /// A request was sent, the answers to which are in order.
    mutating func expect(isHead: Bool) { heads.append(isHead) }

    /// Takes what a client has received. How many answers are whole.
    @discardableResult
    mutating func feed(_ client: SimulatedClient) -> Int {
        if !client.received.isEmpty {
            waiting += client.received
            client.clearReceived()
            while faults.isEmpty, step() {}
        }
        return answers.count
    }

    /// The stream has ended: which ends an answer that has no other end, if it ended in an orderly way.
    mutating func streamEnded(isOrderly: Bool) {
        if case .untilEnd = state, isOrderly { finish() }
    }

    private mutating func step() -> Bool {
        switch state {
        case .head:
            guard let end = headEnd() else { return false }
            let head = Array(waiting[..<end])
            waiting.removeFirst(end)
            readHead(head)
            return true
        case .fixed(let left):
            let count = takeContent(left)
            if count == left { finish() } else { state = .fixed(left - count) }
            return count == left
        case .chunkSize:
            guard let line = takeLine() else { return false }
            guard let size = Int(line, radix: 16) else { return fail("chunk size \(line)") }
            state = size == 0 ? .trailer : .chunk(size)
            return true
        case .chunk(let left):
            let count = takeContent(left)
            state = count == left ? .chunkEnd : .chunk(left - count)
            return count == left
        case .chunkEnd:
            guard let line = takeLine() else { return false }
            state = .chunkSize
            return line.isEmpty ? true : fail("a chunk is longer than its size")
        case .trailer:
            guard let line = takeLine() else { return false }
            if line.isEmpty { finish() } else { answer.trailers.append(Self.field(line)) }
            return true
        case .tunnel: return false
        case .untilEnd:
            _ = takeContent(waiting.count)
            return false
        }
    }

    private mutating func readHead(_ head: [UInt8]) {
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let parts = lines[0].split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[0] == "HTTP/1.1", let status = Int(parts[1]) else { return faults.append("status line \(lines[0])") }
        if status < 200, status != 101 {
            answer.interimCount += 1
            return
        }
        answer.status = status
        answer.fields = lines.dropFirst().map(Self.field)
        guard expectedCount < heads.count else { return faults.append("an answer that nobody asked for: \(status)") }
        let isHead = heads[expectedCount]
        expectedCount += 1
        let length = answer.field("content-length").flatMap { Int($0) }
        let isChunked = answer.field("transfer-encoding") == "chunked"
        if isChunked, length != nil { faults.append("an answer with two framings") }
        if status == 101 {
            finish()
            state = .tunnel
        } else if isHead || status == 204 || status == 304 {
            finish()
        } else if isChunked {
            state = .chunkSize
        } else if let length {
            state = .fixed(length)
        } else {
            state = .untilEnd
        }
    }

    private static func field(_ line: some StringProtocol) -> (name: String, value: String) {
        let colon = line.firstIndex(of: ":") ?? line.endIndex
        return (line[..<colon].lowercased(), String(line[colon...].dropFirst(2)))
    }

    private mutating func finish() {
        answers.append(answer)
        answer = HTTPAnswer()
        state = .head
    }

    private mutating func takeContent(_ most: Int) -> Int {
        let count = min(most, waiting.count)
        answer.content += waiting[..<count]
        waiting.removeFirst(count)
        return count
    }

    private mutating func takeLine() -> String? {
        guard let end = waiting.firstIndex(of: 0x0A) else { return nil }
        let line = waiting[..<end]
        waiting.removeFirst(end + 1)
        return String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
    }

    private func headEnd() -> Int? {
        guard waiting.count >= 4 else { return nil }
        for index in 3..<waiting.count
        where waiting[index] == 0x0A && waiting[index - 1] == 0x0D && waiting[index - 2] == 0x0A && waiting[index - 3] == 0x0D {
            return index + 1
        }
        return nil
    }

    private mutating func fail(_ what: String) -> Bool {
        faults.append(what)
        return false
    }
}
