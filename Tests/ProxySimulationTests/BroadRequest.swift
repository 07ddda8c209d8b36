/// A request as `BroadServer` gets it: read strictly, by a reader that is not the proxy's.
struct BroadRequest {
    private enum State {
        case fixed(Int)
        case size
        case chunk(Int)
        case chunkEnd
        case trailers
        case whole
    }

    let method: String
    let target: String
    /// Names in lower case.
    let fields: [(name: String, value: String)]
    private(set) var content: [UInt8] = []
    private(set) var trailers: [(name: String, value: String)] = []
    /// What no proxy may send.
    private(set) var fault: String?
    private var state = State.whole

    /// From the beginning of a connection's bytes; nil while the head is not whole.
    init?(_ bytes: inout [UInt8]) {
        guard let end = Self.headEnd(bytes) else { return nil }
        let lines = String(decoding: bytes[..<(end - 4)], as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
        bytes.removeFirst(end)
        let parts = lines[0].split(separator: " ", omittingEmptySubsequences: false)
        method = String(parts[0])
        target = parts.count > 1 ? String(parts[1]) : ""
        fields = lines.dropFirst().map(Self.field)
        let isKnown = ["GET", "HEAD", "POST", "PUT"].contains(method) && target.hasPrefix("/")
        if parts.count != 3 || parts[2] != "HTTP/1.1" || !isKnown { fault = "no request line: \(lines[0].prefix(80))" }
        for name in ["host", "authorization", "x-request-id"] where values(name).count != 1 { fault = "\(values(name).count) fields \(name)" }
        let length = value("content-length").map { Int($0) ?? -1 }
        let isChunked = value("transfer-encoding") == "chunked"
        if isChunked, length != nil { fault = "a request with two framings" }
        if isChunked { state = .size } else if let length, length > 0 { state = .fixed(length) }
    }

    func values(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    func value(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// A number in the query.
    func number(_ name: String) -> Int? {
        target.firstRange(of: "\(name)=").flatMap { Int(target[$0.upperBound...].prefix { $0.isNumber }) }
    }

    var id: String { value("x-request-id") ?? "" }
    var isHead: Bool { method == "HEAD" }
    /// It may be sent again unasked.
    var isSafe: Bool { method == "GET" || isHead }

    var isWhole: Bool {
        if case .whole = state { return true }
        return false
    }

    /// Takes more of the content.
    mutating func take(_ bytes: inout [UInt8]) {
        var offset = 0
        while fault == nil, step(bytes, &offset) {}
        bytes.removeFirst(offset)
    }

    private mutating func step(_ bytes: [UInt8], _ offset: inout Int) -> Bool {
        switch state {
        case .whole: return false
        case .fixed(let left):
            let count = takeContent(left, bytes, &offset)
            state = count == left ? .whole : .fixed(left - count)
            return count == left
        case .chunk(let left):
            let count = takeContent(left, bytes, &offset)
            state = count == left ? .chunkEnd : .chunk(left - count)
            return count == left
        case .size:
            guard let line = takeLine(bytes, &offset) else { return false }
            guard let size = Int(line, radix: 16) else { return fail("chunk size \(line)") }
            state = size == 0 ? .trailers : .chunk(size)
        case .chunkEnd:
            guard let line = takeLine(bytes, &offset) else { return false }
            guard line.isEmpty else { return fail("a chunk is longer than its size") }
            state = .size
        case .trailers:
            guard let line = takeLine(bytes, &offset) else { return false }
            if line.isEmpty { state = .whole } else { trailers.append(Self.field(line)) }
        }
        return true
    }

    private mutating func takeContent(_ most: Int, _ bytes: [UInt8], _ offset: inout Int) -> Int {
        let count = min(most, bytes.count - offset)
        content += bytes[offset..<offset + count]
        offset += count
        return count
    }

    private func takeLine(_ bytes: [UInt8], _ offset: inout Int) -> String? {
        guard let end = bytes[offset...].firstIndex(of: 0x0A) else { return nil }
        defer { offset = end + 1 }
        return String(decoding: bytes[offset..<max(offset, end - 1)], as: UTF8.self)
    }

    private mutating func fail(_ what: String) -> Bool {
        fault = what
        return false
    }

    private static func field(_ line: some StringProtocol) -> (name: String, value: String) {
        let colon = line.firstIndex(of: ":") ?? line.endIndex
        return (line[..<colon].lowercased(), String(line[colon...].dropFirst(2)))
    }

    private static func headEnd(_ bytes: [UInt8]) -> Int? {
        var start = 0
        while let end = bytes[start...].firstIndex(of: 0x0A) {
            if end >= 3, bytes[end - 1] == 0x0D, bytes[end - 2] == 0x0A { return end + 1 }
            start = end + 1
        }
        return nil
    }
}
