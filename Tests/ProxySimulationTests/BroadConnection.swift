import Simulation

/// A connection of `BroadServer`.
final class BroadConnection {
    private enum State {
        case head
        case content(BroadRequest)
        case tunnel(TunnelSide)
        /// Nothing may come: the proxy was told what it must not believe.
        case broken
        /// What comes is dropped.
        case deaf
        /// More than the answers was given, and begins at this place; or the end was.
        case doubtful(from: Int, isEnd: Bool)

        var isHead: Bool {
            if case .head = self { return true }
            return false
        }
    }

    unowned let client: SimulatedClient
    let server: BroadServer
    private var state = State.head
    private var waiting: [UInt8] = []
    /// The request was answered before its end.
    private var isAnswered = false
    /// The next answer says that it is the last of its connection.
    private var saysClose = false
    private var givenCount = 0
    private var hasRequest = false
    /// Where its answer ends in what is given; nil while it has none.
    private var answerEnd: Int?

    init(_ client: SimulatedClient, of server: BroadServer) {
        self.client = client
        self.server = server
    }

    func receive() {
        waiting += client.received
        client.clearReceived()
        while step() {}
    }

    /// Whether its request has no whole answer, and the proxy waits for one.
    var isUnderWay: Bool {
        guard hasRequest, !client.isPeerGone else { return false }
        return answerEnd.map { client.takenCount < $0 } ?? true
    }

    func ended() {
        if case .tunnel(let end) = state { end.otherEnded() }
    }

    private func step() -> Bool {
        switch state {
        case .head:
            guard !waiting.isEmpty, let request = BroadRequest(&waiting) else { return false }
            isAnswered = false
            hasRequest = true
            answerEnd = nil
            server.countUnderWay()
            if let fault = server.site.fault(in: request) { server.fault(fault) }
            state = .content(request)
            begin(request)
        case .content(var request):
            request.take(&waiting)
            if let fault = request.fault {
                server.fault(fault)
                state = .deaf
                return true
            }
            state = .content(request)
            guard request.isWhole else { return false }
            state = .head
            if !isAnswered { finish(request) }
        case .tunnel(let end):
            let bytes = waiting
            waiting = []
            if !bytes.isEmpty { end.take(bytes) }
            return false
        case .broken:
            if !waiting.isEmpty { server.fault("\(waiting.count) bytes behind a 101 that made no tunnel") }
            waiting = []
            return false
        case .deaf:
            waiting = []
            return false
        case .doubtful(let place, let isEnd):
            let begin = client.receivedCount - waiting.count
            guard !waiting.isEmpty, let request = BroadRequest(&waiting) else { return false }
            state = .deaf
            judge(request, at: begin, behind: place, isEnd: isEnd)
        }
        return true
    }
}

// MARK: the head, and the whole

extension BroadConnection {
    private func begin(_ request: BroadRequest) {
        let isRefused = server.isRefused(request)
        if !request.isWhole, isRefused, server.dice.chance(0.5) { return answerEarly(request) { refuse(request) } }
        if server.isMoody, server.dice.chance(0.15), fail(request) { return }
        guard !request.isWhole, request.value("expect") != nil else { return }
        // Of an unknown length some may be under way already: then the client is told that its request failed.
        if server.dice.chance(0.15), server.isMoody || request.number("asks") == nil && request.value("content-length") != nil {
            return answerEarly(request) { answer(request, status: 417, content: Array("no".utf8)) }
        }
        let go = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
        switch server.dice.integer(in: 0...9) {
        case 0...4: give([go])
        case 5...7: give([[], go], every: .milliseconds(server.dice.integer(in: 1...1500)))
        default: break
        }
    }

    private func finish(_ request: BroadRequest) {
        if server.dice.chance(0.1) { give([Array("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".utf8)]) }
        if server.isRefused(request) { return refuse(request) }
        if request.value("upgrade") != nil {
            if server.isMoody, server.dice.chance(0.15) { return switchWrongly(request) }
            if server.dice.chance(0.8) { return openTunnel(request) }
            return answer(request, status: server.dice.chance(0.5) ? 426 : 200, content: Array("no tunnel".utf8), more: "Upgrade: other/9\r\n")
        }
        let path = request.target.dropFirst(server.site.upstreamPrefix.count)
        if path.hasPrefix("/content") {
            answer(request, status: 200, content: Array(Errand.pattern[..<(request.number("count") ?? 0)]))
        } else {
            if path.hasPrefix("/length"), request.content != Array(Errand.pattern[..<request.content.count]) {
                server.fault("content that was changed")
            }
            if let order = request.number("number") { server.carryOut(order) }
            // Whoever hears nothing of it must not take that for a reason to ask again.
            if server.isMoody, server.dice.chance(0.1) { return client.close() }
            // Nor for one to leave the expectation out.
            if server.isMoody, request.value("expect") != nil, request.number("asks") == nil, server.dice.chance(0.1) {
                return answer(request, status: 417, content: Array("no".utf8))
            }
            let sums = request.trailers.map { "\($0.name)=\($0.value.utf8.count)" }.joined(separator: ",")
            answer(request, status: 200, content: Array("{\"length\":\(request.content.count),\"trailers\":\"\(sums)\"}".utf8))
        }
    }

    /// Before the request's end: some close then, some read on. By the time of the answer all of the request may be under way, and
    /// who does not say that the connection ends may find the next request on it.
    private func answerEarly(_ request: BroadRequest, _ give: () -> Void) {
        isAnswered = true
        let closes = server.dice.chance(0.5)
        saysClose = closes && !(server.isMoody && server.dice.chance(0.5))
        give()
        saysClose = false
        server.told[request.id]?.isEarly = true
        if closes {
            client.finishSending()
            state = .deaf
        }
    }

    /// In one of the ways that the route knows.
    private func refuse(_ request: BroadRequest) {
        // An answer to HEAD has no text that could tell.
        if request.isHead || server.dice.chance(0.5) { return answer(request, status: 401, content: Array("who are you?".utf8)) }
        answer(request, status: 403, content: Array("{\"error\":\"jwt expired\"}".utf8))
    }

    /// False if it goes well after all.
    private func fail(_ request: BroadRequest) -> Bool {
        server.told[request.id] = BroadServer.Told(isSpoiled: true)
        state = .deaf
        switch server.dice.integer(in: 0...6) {
        case 0: client.close()
        case 1: client.abort()
        case 2: break
        case 3: give([Array("HTTP/1.1 200 OK\r\n\(signature)Content-Length: 999999\r\n\r\nnot all of it".utf8)])
        case 4:
            give([Array("HTTP/1.1 200 OK\r\n\(signature)Transfer-Encoding: chunked\r\n\r\n5\r\nnot a\r\n".utf8), Array("zz\r\n".utf8)])
        case 5 where request.isWhole: switchWrongly(request)
        case 6 where !request.isWhole:
            state = .content(request)
            answerEarly(request) { answer(request, status: 200, content: Array("early".utf8)) }
        default:
            state = .content(request)
            return false
        }
        return true
    }

    /// A 101 that nobody may believe, and bytes behind it.
    private func switchWrongly(_ request: BroadRequest) {
        server.told[request.id] = BroadServer.Told(isSpoiled: true)
        state = .broken
        let answers = [
            "", "Upgrade: nobody/1\r\nConnection: upgrade\r\n", "Upgrade: weather\r\n",
            "Upgrade: weather\r\nUpgrade: storm/2\r\nConnection: upgrade\r\n",
        ]
        let isAsked = request.value("upgrade") != nil
        let fields = isAsked ? answers[server.dice.integer(in: 0...3)] : "Upgrade: weather\r\nConnection: upgrade\r\n"
        give([Array("HTTP/1.1 101 Switching Protocols\r\n\(fields)\r\nbehind".utf8)])
    }

    private func openTunnel(_ request: BroadRequest) {
        let number = request.number("tunnel") ?? 0
        let offer = (request.value("upgrade") ?? "").split(separator: ",").map { $0.drop { $0 == " " } }
        let taken = offer[server.dice.integer(in: 0...offer.count - 1)]
        let head = Array("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: \(taken)\r\n\(signature)\r\n".utf8)
        let manner = TunnelSide.Manner.random(isKind: !server.isMoody, from: &server.dice)
        let end = TunnelSide(client, number: number, isClient: false, manner: manner, precedingCount: givenCount + head.count)
        state = .tunnel(end)
        server.tunnels[number, default: []].append(end)
        answerEnd = 0
        let stream = TunnelSide.stream(number, ofClient: false, 0..<Errand.size(from: &server.dice))
        let pieces = server.dice.pieces(of: head + stream, countMax: server.dice.integer(in: 1...8))
        end.start(pieces, every: server.dice.duration(in: .zero ... .milliseconds(400)))
    }
}

// MARK: answers

extension BroadConnection {
    private func answer(_ request: BroadRequest, status: Int, content: [UInt8], more: String = "") {
        var told = BroadServer.Told(content: content)
        var head = "HTTP/1.1 \(status) Said\r\n\(signature)\(more)\(saysClose ? "Connection: close\r\n" : "")"
        if server.dice.chance(0.3) {
            told.namesItself = true
            head += "Location: http://\(server.site.host)/there/\(request.id)\r\n"
            head += "Set-Cookie: a=b; Domain=weather.example; Path=/x; Secure; SameSite=None\r\n"
        }
        let acceptsGzip = request.value("accept-encoding") == "gzip"
        if acceptsGzip, server.dice.chance(0.8) {
            head += "Content-Encoding: gzip\r\n"
            told.content = gzip(content, mayBeSpoiled: request.number("asksgzip") == nil, &told)
        }
        let body: [UInt8]
        switch server.dice.integer(in: 0...9) {
        case 0...3:
            head += "Content-Length: \(told.content.count)\r\n"
            body = told.content
        case 4 where !request.isHead && !saysClose:
            head += "Connection: close\r\n"
            body = told.content
            state = .deaf
        default:
            head += "Transfer-Encoding: chunked\r\n"
            body = chunked(told.content, request.id, &told)
        }
        if server.isMoody, !request.isHead, body.count > 1, server.dice.chance(0.06) {
            told.isSpoiled = true
            server.told[request.id] = told
            give([Array("\(head)\r\n".utf8) + body.dropLast()])
            return breakOff()
        }
        server.told[request.id] = told
        let bytes = Array("\(head)\r\n".utf8) + (request.isHead ? [] : body)
        if server.isMoody, !isAnswered, !saysClose, state.isHead {
            if server.dice.chance(0.35) { return goAway(behind: bytes) }
            if server.dice.chance(request.isHead ? 0.5 : 0.1) { return give(bytes, surplus: request.isHead ? body : surplus) }
        }
        // Who announces a content goes on with it after a while.
        if server.isSlow, !isAnswered, server.dice.chance(0.5) {
            give([[], bytes], every: server.dice.duration(in: .zero ... .milliseconds(1500)))
        } else {
            give(server.dice.pieces(of: bytes, countMax: server.dice.integer(in: 1...6)), every: server.dice.duration(in: .zero ... .milliseconds(40)))
        }
        answerEnd = givenCount
        if case .deaf = state { client.finishSending() }
    }

    /// With a reset, or with an end that looks as if all were well, unless that would be the end of the content.
    private func breakOff() {
        if case .deaf = state { return client.abort() }
        if server.dice.chance(0.5) { return client.abort() }
        state = .deaf
        client.finishSending()
    }

    /// Closes some time after the answer, as a server does that has waited for long enough: what is sent meanwhile it has not seen.
    private func goAway(behind bytes: [UInt8]) {
        give([bytes])
        answerEnd = givenCount
        state = .doubtful(from: givenCount, isEnd: true)
        // Something is still to be sent, so that the end waits for it.
        if server.dice.chance(0.7) { give([[], []], every: server.dice.duration(in: .zero ... .seconds(3))) }
        client.finishSending()
    }

    /// Gives what nobody asked for in a packet of its own behind the answer, at once or later.
    private func give(_ bytes: [UInt8], surplus: [UInt8]) {
        give([bytes])
        answerEnd = givenCount
        state = surplus.isEmpty ? .head : .doubtful(from: givenCount, isEnd: false)
        give(server.dice.chance(0.5) ? [surplus] : [[], surplus], every: server.dice.duration(in: .zero ... .milliseconds(200)))
    }

    private var surplus: [UInt8] {
        let isFarewell = server.dice.chance(0.3)
        return Array("HTTP/1.1 \(isFarewell ? "408 Too Slow" : "200 Surplus")\r\n\(signature)Content-Length: 6\r\n\r\npoison".utf8)
    }

    /// A request has come although the connection was over. The proxy could have known that if what says so had arrived by then; of one that
    /// may be sent twice it need not look again before each, and goes by what it was told.
    private func judge(_ request: BroadRequest, at begin: Int, behind place: Int, isEnd: Bool) {
        _ = server.isRefused(request)
        if !isEnd { server.doubtful.insert(request.id) }
        let arrived = client.arrived(whenPeerSent: begin)
        if (request.isSafe ? arrived.toldCount : arrived.count) > place {
            server.fault("\(request.id) on a connection on which \(isEnd ? "the end" : "what nobody had asked for") had arrived")
        }
        client.finishSending()
    }

    private var signature: String { "X-Said-By: \(server.site.name)\r\n" }

    private func gzip(_ content: [UInt8], mayBeSpoiled: Bool, _ told: inout BroadServer.Told) -> [UInt8] {
        var bytes = BroadServer.gzip(content, &server.dice)
        guard server.isMoody, mayBeSpoiled, server.dice.chance(0.15) else { return bytes }
        told.isSpoiled = true
        switch server.dice.integer(in: 0...2) {
        case 0: bytes.removeLast(server.dice.integer(in: 1...10))
        case 1: bytes[bytes.count - server.dice.integer(in: 1...8)] ^= 0x40
        default: bytes += Array("more".utf8)
        }
        return bytes
    }

    private func chunked(_ content: [UInt8], _ id: String, _ told: inout BroadServer.Told) -> [UInt8] {
        var bytes: [UInt8] = []
        for piece in server.dice.pieces(of: content, countMax: server.dice.integer(in: 1...12)) {
            bytes += Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8)
        }
        bytes += Array("0\r\n".utf8)
        if server.dice.chance(0.5) {
            let sum = "\(id) \(String(repeating: "s", count: server.dice.integer(in: 0...900)))"
            told.trailers = ["x-sum: \(sum)"]
            bytes += Array("X-Sum: \(sum)\r\nContent-Length: 7\r\nSet-Cookie: no=no\r\nX-Request-Id: forged\r\n".utf8)
        }
        return bytes + Array("\r\n".utf8)
    }

    private func give(_ pieces: [[UInt8]], every pause: Duration = .milliseconds(1)) {
        givenCount += pieces.reduce(0) { $0 + $1.count }
        client.send(pieces: pieces, every: pause)
    }
}
