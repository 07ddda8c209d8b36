import Glibc
import Sandbox
import Testing
import Wire

@Suite(.serialized)
struct EventSocketTests {
    @Test func `a session can begin on a WebSocket`() throws {
        let harness = try EventHarness()
        let socket = try harness.socket()
        #expect(try socket.text().hasSuffix(#"","upgrades":[],"pingInterval":25000,"pingTimeout":5000}"#))
        #expect(try socket.text() == "40")
        try socket.send(frame: .text, #"420["subscribe","inv"]"#)
        #expect(try socket.text() == "430[]")
        let block = try harness.control("block").split(separator: "\"")[3]
        #expect(try socket.text() == #"42["block","\#(block)"]"#)
        try socket.send(frame: .ping, "here")
        #expect(try socket.event() == .pong(Array("here".utf8)))
        try socket.send(frame: .text, "2")
        #expect(try socket.text() == "3")
        try socket.send(frame: .text, "1")
        #expect(try socket.event() == .close(code: 1000, reason: []))
        #expect(try socket.isClosed())
        #expect(try harness.openSessions(expecting: 0) == 0)
    }

    @Test func `a session changes from polls to a WebSocket and loses nothing`() throws {
        let harness = try EventHarness()
        let sid = try harness.open()
        try harness.post(sid, #"42["subscribe","inv"]"#)
        let poll = try harness.client()
        try poll.send("GET", harness.target(sid: sid))
        let socket = try harness.socket(sid: sid)
        try socket.send(frame: .text, "2probe")
        #expect(try socket.text() == "3probe")
        #expect(try poll.answer().content == "1:6")
        // What happens amid the change is told after it, or by one more poll.
        #expect(try harness.poll(sid) == "1:6")
        let block = try harness.control("block").split(separator: "\"")[3]
        try socket.send(frame: .text, "5")
        #expect(try socket.text() == #"42["block","\#(block)"]"#)
        for method in ["GET", "POST"] {
            let answer = try harness.client().ask(method, harness.target(sid: sid), method == "POST" ? "1:2" : nil)
            #expect(answer.status == 400 && answer.content.contains("Bad request"))
        }
        // It has one by now.
        #expect(try harness.client().ask("GET", harness.target("websocket", sid: sid), fields: EventHarness.upgrade).status == 400)
        #expect(try harness.openSessions(expecting: 1) == 1)
    }

    @Test func `an upgrade that comes to nothing leaves the polls`() throws {
        let harness = try EventHarness()
        let sid = try harness.open()
        for packet in ["40", "2", "x"] {
            let socket = try harness.socket(sid: sid)
            try socket.send(frame: .text, packet)
            guard case .close(let code, _) = try socket.event() else {
                Issue.record("no close frame after \(packet)")
                continue
            }
            #expect(code == 1002)
            #expect(try socket.isClosed())
        }
        var vanishing: PlainClient? = try harness.socket(sid: sid)
        try vanishing?.send(frame: .text, "2probe")
        #expect(try vanishing?.text() == "3probe")
        vanishing = nil
        try harness.settle()
        // A poll waits again, rather than being told at once that there is nothing.
        let poll = try harness.client()
        try poll.send("GET", harness.target(sid: sid))
        try harness.settle()
        try harness.post(sid, "2")
        #expect(try poll.answer().content == "1:3")
    }

    @Test(arguments: [
        ([0x81, 0x01, 0x32], 1002), ([0xC1, 0x81, 0, 0, 0, 0, 0x32], 1002), ([0x83, 0x80, 0, 0, 0, 0], 1002),
        ([0x81, 0x81, 0, 0, 0, 0, 0xFF], 1007), ([0x81, 0xFF, 0, 0, 0, 0, 0, 0x10, 0, 1, 0, 0, 0, 0], 1009),
        ([0x82, 0x81, 0, 0, 0, 0, 4], 1003), ([0x81, 0x81, 0, 0, 0, 0, 0x78], 1002),
    ] as [([UInt8], UInt16)])
    func `a frame that must not be closes the connection and ends the session`(frame: [UInt8], code: UInt16) throws {
        let harness = try EventHarness()
        let socket = try harness.socket()
        _ = (try socket.text(), try socket.text())
        try socket.send(frame)
        guard case .close(let given, let reason) = try socket.event() else {
            Issue.record("no close frame")
            return
        }
        #expect(given == code && !reason.isEmpty)
        #expect(try harness.openSessions(expecting: 0) == 0)
    }

    @Test func `a packet that must not be ends the session`() throws {
        let harness = try EventHarness()
        for packet in ["42[", "42", "451-[]", "4"] {
            let socket = try harness.socket()
            _ = (try socket.text(), try socket.text())
            try socket.send(frame: .text, packet)
            #expect(try socket.event() == .close(code: 1000, reason: []), "\(packet)")
        }
    }

    @Test func `frames are read however they are cut`() throws {
        let harness = try EventHarness()
        let socket = try harness.socket()
        _ = (try socket.text(), try socket.text())
        var bytes: [UInt8] = []
        WebSocketFrame.write(.text, Array("2a".utf8), isFinal: false, maskingKey: 7, to: &bytes)
        WebSocketFrame.write(.ping, [], maskingKey: 8, to: &bytes)
        WebSocketFrame.write(.continuation, Array("b".utf8), maskingKey: 9, to: &bytes)
        for byte in bytes {
            try socket.send([byte])
            usleep(2000)
        }
        #expect(try socket.event() == .pong([]))
        #expect(try socket.text() == "3ab")
        try socket.send(frame: .close, "\u{3}\u{e9}")
        _ = try socket.event()
        #expect(try harness.openSessions(expecting: 0) == 0)
    }

    @Test func `a handshake has to be one`() throws {
        let harness = try EventHarness()
        let good = EventHarness.upgrade
        for (fields, status) in [
            (good.filter { !$0.hasPrefix("Sec-WebSocket-Key") }, 400), (good + ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="], 400),
            (good.map { $0.replacing("dGhl", with: "dG") }, 400), (good.map { $0.replacing("13", with: "8") }, 426),
            (good.map { $0.replacing("websocket", with: "h2c") }, 400), (good.map { $0.replacing(": Upgrade", with: ": close") }, 400),
        ] {
            let answer = try harness.client().ask("GET", harness.target("websocket"), fields: fields)
            #expect(answer.status == status, "\(fields)")
        }
        let content = try harness.client().ask("GET", harness.target("websocket"), fields: good, "x")
        #expect(content.status == 400)
        #expect(try harness.openSessions(expecting: 0) == 0)
    }

    @Test func `a session on a WebSocket is told why it ends`() throws {
        let harness = try EventHarness(Sandbox.Settings(tokenLifetime: .seconds(2)))
        let socket = try harness.socket()
        _ = (try socket.text(), try socket.text())
        #expect(try socket.text() == #"42["disconnect","jwt expired"]"#)
        #expect(try socket.text() == "41")
        #expect(try socket.event() == .close(code: 1000, reason: Array("jwt expired".utf8)))
        #expect(try socket.isClosed())
        #expect(try harness.openSessions(expecting: 0) == 0)
    }

    @Test func `a client that takes nothing loses its session, and holds no more than its share`() throws {
        let harness = try EventHarness()
        let socket = try harness.socket()
        _ = (try socket.text(), try socket.text())
        try socket.send(frame: .text, #"420["subscribe","inv"]"#)
        #expect(try socket.text() == "430[]")
        let client = try PlainClient(harness.harness.accountsPort)
        // The socket's own buffers take some of it.
        var count = 0
        while try harness.openSessions(expecting: 0, tries: 1) == 1, count < 200_000 {
            for _ in 0..<2000 { try client.send("POST", "/_sandbox/tx") }
            for _ in 0..<2000 { _ = try client.answer() }
            count += 2000
        }
        #expect(count < 200_000)
    }
}
