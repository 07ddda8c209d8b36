import Simulation

// Errands as they come.
extension Errand {
    /// The next errand of a customer. `number` is its own in the whole world.
    static func random(_ provider: World.Provider, number: Int, replayBytesMax: Int, from dice: inout Seed) -> Errand {
        switch dice.integer(in: 0...9) {
        case 0...3: download(number, from: &dice)
        case 4...6: upload(number, replayBytesMax: replayBytesMax, from: &dice)
        default: order(provider, number, replayBytesMax: replayBytesMax, from: &dice)
        }
    }

    /// For an upstream that may do anything.
    static func wild(_ requestID: String, from dice: inout Seed) -> Errand {
        let method = ["GET", "HEAD", "POST", "PUT"][dice.integer(in: 0...3)]
        var text = "\(method) / HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: \(requestID)\r\n"
        if method.hasPrefix("P") {
            let count = dice.integer(in: 0...(dice.chance(0.2) ? contentBytesMax : 2000))
            if dice.chance(0.2) { text += "Expect: 100-continue\r\n" }
            text += "Content-Length: \(count)\r\n\r\n\(String(repeating: "c", count: count))"
        } else {
            text += "\r\n"
        }
        return Errand(purpose: .wild, isHead: method == "HEAD", requestID: requestID, bytes: Array(text.utf8), isReplayable: true)
    }

    private static func download(_ number: Int, from dice: inout Seed) -> Errand {
        let count = size(from: &dice)
        let isHead = dice.chance(0.2)
        let isOld = dice.chance(0.15)
        var target = "/_sandbox/bytes?count=\(count)"
        if dice.chance(0.5) { target += "&chunked=1" }
        var head = "\(isHead ? "HEAD" : "GET") \(target) HTTP/1.\(isOld ? 0 : 1)\r\nHost: localhost\r\nX-Request-Id: errand-\(number)\r\n"
        if isOld, dice.chance(0.7) { head += "Connection: keep-alive\r\n" }
        if dice.chance(0.3) { head += "Authorization: Basic Zm9v\r\nX-Filler: \(String(repeating: "x", count: dice.integer(in: 1...900)))\r\n" }
        return Errand(
            purpose: .download(count), isHead: isHead, requestID: "errand-\(number)", bytes: Array("\(head)\r\n".utf8),
            isReplayable: true)
    }

    private static func upload(_ number: Int, replayBytesMax: Int, from dice: inout Seed) -> Errand {
        let content = Array(pattern[..<size(from: &dice)])
        return Errand(
            purpose: .upload(content.count), isHead: false, requestID: "errand-\(number)",
            bytes: message(dice.chance(0.3) ? "PUT" : "POST", "/_sandbox/length", content, number, from: &dice),
            isReplayable: content.count <= replayBytesMax)
    }

    private static func order(
        _ provider: World.Provider, _ number: Int, replayBytesMax: Int, from dice: inout Seed
    ) -> Errand {
        let order = World.order(provider, number)
        let filler = String(repeating: " ", count: dice.chance(0.3) ? dice.integer(in: 0...8000) : 0)
        let content = Array((order.content + filler).utf8)
        return Errand(
            purpose: .order(number), isHead: false, requestID: "errand-\(number)",
            bytes: message("POST", order.target, content, number, from: &dice), isReplayable: content.count <= replayBytesMax)
    }

    private static func message(
        _ method: String, _ target: String, _ content: [UInt8], _ number: Int, from dice: inout Seed
    ) -> [UInt8] {
        let isChunked = dice.chance(0.5)
        var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: errand-\(number)\r\n"
        if !content.isEmpty, dice.chance(0.2) { head += "Expect: 100-continue\r\n" }
        head += isChunked ? "Transfer-Encoding: chunked\r\n\r\n" : "Content-Length: \(content.count)\r\n\r\n"
        return Array(head.utf8) + (isChunked ? chunked(content, from: &dice) : content)
    }

    private static func chunked(_ content: [UInt8], from dice: inout Seed) -> [UInt8] {
        var bytes: [UInt8] = []
        for piece in dice.pieces(of: content, countMax: dice.integer(in: 1...12)) {
            let note = dice.chance(0.1) ? ";note=\"of\\\"f\"" : ""
            bytes += Array("\(String(piece.count, radix: 16))\(note)\r\n".utf8) + piece + Array("\r\n".utf8)
        }
        return bytes + Array((dice.chance(0.1) ? "0\r\nX-Sum: 1\r\n\r\n" : "0\r\n\r\n").utf8)
    }

    /// Mostly small, now and then nothing, and now and then more than every buffer on the way.
    static func size(from dice: inout Seed) -> Int {
        switch dice.integer(in: 0...9) {
        case 0: 0
        case 1...5: dice.integer(in: 1...2000)
        case 6...8: dice.integer(in: 2000...40_000)
        default: dice.integer(in: 40_000...contentBytesMax)
        }
    }
}
