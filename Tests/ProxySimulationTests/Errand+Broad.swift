import Simulation

/// What an errand to `BroadServer` is about, beyond its purpose.
struct BroadErrand {
    let site: Site
    /// Content that is sent, and trailers behind it.
    var contentCount = 0
    var trailers: [String] = []
    var expectsContinue = false
    /// Whether it takes gzip itself.
    var asksForGzip = false
    var isOld = false
    /// Its number, where it asks for a tunnel, and what it sends of it before anybody has agreed.
    var tunnel: Int?
    var earlyCount = 0
}

// Errands to a server that speaks all of HTTP.
extension Errand {
    static func broad(to site: Site, number: Int, isLast: Bool, replayBytesMax: Int, from dice: inout Seed) -> Errand {
        switch dice.integer(in: 0...9) {
        case 0...2: return fetch(site, number, from: &dice)
        case 3...4: return send(site, "/length", .upload(0), number, replayBytesMax: replayBytesMax, from: &dice)
        case 5...6 where isLast, 7...9 where isLast: return tunnel(site, number, from: &dice)
        default: return send(site, "/order?number=\(number)", .order(number), number, replayBytesMax: replayBytesMax, from: &dice)
        }
    }

    /// Asks for a little, and leaves the connection as it is.
    static func look(_ site: Site, _ number: Int, from dice: inout Seed) -> Errand {
        fetch(site, number, count: dice.integer(in: 0...2000), isOld: false, from: &dice)
    }

    private static func fetch(_ site: Site, _ number: Int, from dice: inout Seed) -> Errand {
        fetch(site, number, count: size(from: &dice), isOld: dice.chance(0.15), from: &dice)
    }

    private static func fetch(_ site: Site, _ number: Int, count: Int, isOld: Bool, from dice: inout Seed) -> Errand {
        var broad = BroadErrand(site: site)
        let isHead = dice.chance(0.15)
        broad.isOld = isOld
        broad.asksForGzip = dice.chance(0.2)
        var head = "\(isHead ? "HEAD" : "GET") \(site.prefix)/content?count=\(count)\(broad.asksForGzip ? "&asksgzip=1" : "") HTTP/1.\(broad.isOld ? 0 : 1)\r\n"
        head += fields(site, number)
        if broad.isOld, dice.chance(0.7) { head += "Connection: keep-alive\r\n" }
        if broad.asksForGzip { head += "Accept-Encoding: gzip\r\n" } else if dice.chance(0.3) { head += "Accept-Encoding: gzip;q=0, br\r\n" }
        if dice.chance(0.3) { head += "TE: trailers\r\nConnection: TE\r\n" }
        if dice.chance(0.3) { head += "Authorization: Basic Zm9v\r\n" }
        return Errand(
            purpose: .download(count), isHead: isHead, requestID: "errand-\(number)", bytes: Array("\(head)\r\n".utf8),
            isReplayable: true, broad: broad)
    }

    private static func send(
        _ site: Site, _ target: String, _ purpose: Purpose, _ number: Int, replayBytesMax: Int, from dice: inout Seed
    ) -> Errand {
        var broad = BroadErrand(site: site)
        let content = Array(pattern[..<size(from: &dice)])
        broad.contentCount = content.count
        broad.expectsContinue = !content.isEmpty && dice.chance(0.2)
        let isChunked = dice.chance(0.6)
        let asks = broad.expectsContinue ? "asks=1" : ""
        let query = asks.isEmpty ? "" : (target.contains("?") ? "&\(asks)" : "?\(asks)")
        var head = "POST \(site.prefix)\(target)\(query) HTTP/1.1\r\n\(fields(site, number))"
        if broad.expectsContinue { head += "Expect: 100-continue\r\n" }
        head += isChunked ? "Transfer-Encoding: chunked\r\n\r\n" : "Content-Length: \(content.count)\r\n\r\n"
        var bytes = Array(head.utf8)
        if isChunked {
            for piece in dice.pieces(of: content, countMax: dice.integer(in: 1...12)) {
                bytes += Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8)
            }
            bytes += Array("0\r\n".utf8)
            if dice.chance(0.5) {
                let count = dice.integer(in: 0...900)
                broad.trailers = ["x-sum=\(count)"]
                bytes += Array("X-Sum: \(String(repeating: "s", count: count))\r\n".utf8)
                bytes += Array("Authorization: Basic Zm9v\r\nContent-Length: 3\r\nX-Request-Id: forged\r\n".utf8)
            }
            bytes += Array("\r\n".utf8)
        } else {
            bytes += content
        }
        return Errand(
            purpose: purpose, isHead: false, requestID: "errand-\(number)", bytes: bytes, isReplayable: content.count <= replayBytesMax,
            broad: broad)
    }

    /// `X-Site` says who is meant, which the proxy neither knows nor changes.
    private static func fields(_ site: Site, _ number: Int) -> String {
        "Host: \(site.clientHost)\r\nX-Request-Id: errand-\(number)\r\nX-Site: \(site.name)\r\n"
    }

    private static func tunnel(_ site: Site, _ number: Int, from dice: inout Seed) -> Errand {
        var broad = BroadErrand(site: site)
        broad.tunnel = number
        broad.earlyCount = dice.chance(0.2) ? dice.integer(in: 1...3000) : 0
        let offer = ["weather", "h2c, weather, storm/2", "storm/2"][dice.integer(in: 0...2)]
        let head = "GET \(site.prefix)/tunnel?tunnel=\(number) HTTP/1.1\r\n\(fields(site, number))"
            + "Connection: keep-alive, Upgrade\r\nUpgrade: \(offer)\r\nTE: trailers\r\n\r\n"
        return Errand(
            purpose: .wild, isHead: false, requestID: "errand-\(number)",
            bytes: Array(head.utf8) + TunnelSide.stream(number, ofClient: true, 0..<broad.earlyCount), isReplayable: true, broad: broad)
    }
}

// MARK: the verdict

extension Errand {
    /// What is wrong with an answer that came through the route of `server`.
    func fault(in answer: HTTPAnswer, from server: BroadServer, executions: Int, contentMax: Int) -> String? {
        guard let broad else { return nil }
        if let fault = broad.site.fault(in: answer) { return fault }
        let told = server.told[requestID] ?? BroadServer.Told()
        switch answer.status {
        case 101 where broad.tunnel != nil:
            return answer.field("connection") == "upgrade" ? nil : "a 101 that was changed"
        case 413:
            return broad.contentCount > contentMax && executions == 0 ? nil : "413 for \(broad.contentCount) bytes, carried out \(executions) times"
        case 417 where !broad.expectsContinue: return "417 to what expected nothing"
        case 401, 403, 417, 426: return executions == 0 ? faultInPassed(answer, told) : "\(answer.status), and carried out"
        case 200:
            if broad.contentCount > contentMax, !told.isEarly { return "\(broad.contentCount) bytes went through" }
            if case .order = purpose, executions != 1, !told.isEarly { return "200, and carried out \(executions) times" }
            return faultInPassed(answer, told)
        case 408, 502, 503, 504:
            guard answer.code != nil || isHead else { return "\(answer.status) without a reason: \(answer.text)" }
            return answer.field("retry-after") != nil && executions > 0 ? "carried out, and yet: \(answer.text)" : nil
        default: return "\(answer.status): \(answer.text)"
        }
    }

    /// An answer of the server's own has to be all of it, and nothing else.
    private func faultInPassed(_ answer: HTTPAnswer, _ told: BroadServer.Told) -> String? {
        guard let broad else { return nil }
        if told.namesItself {
            let place = broad.site.hiddenPrefix
            if answer.field("location") != "http://\(broad.site.clientHost)\(place)/there/\(requestID)" { return "Location is \(answer.field("location") ?? "missing")" }
            if answer.field("set-cookie") != "a=b; Path=\(place)/x" { return "Set-Cookie is \(answer.field("set-cookie") ?? "missing")" }
        }
        if isHead { return answer.content.isEmpty ? nil : "HEAD was answered with content" }
        if told.isSpoiled { return "what broke off came whole" }
        let isCoded = answer.field("content-encoding") == "gzip"
        if isCoded, !broad.asksForGzip { return "gzip for a client that did not ask" }
        if isCoded {
            if answer.content != told.content { return "the gzip came changed" }
        } else if case .download(let count) = purpose, answer.status == 200 {
            if !Self.isPattern(answer.content) || answer.content.count != count { return "\(answer.content.count) bytes came of \(count)" }
        } else if answer.status == 200, !told.isEarly, broad.tunnel == nil {
            let wanted = "{\"length\":\(broad.contentCount),\"trailers\":\"\(broad.trailers.joined())\"}"
            if answer.text != wanted { return "the answer is \(answer.text), not \(wanted)" }
        }
        let trailers = answer.trailers.map { "\($0.name): \($0.value)" }
        let wanted = broad.isOld ? [] : told.trailers
        return trailers == wanted ? nil : "trailers are \(trailers), not \(wanted)"
    }
}
