import Glibc
import Sandbox
import Testing
import Wire

@Suite(.serialized)
struct EventPollTests {
    @Test func `a handshake opens a session and connects it`() throws {
        let harness = try EventHarness()
        let answer = try harness.client().ask("GET", harness.target())
        #expect(answer.status == 200)
        let sid = try #require(answer.content.split(separator: "\"").dropFirst(3).first)
        let open = #"0{"sid":"\#(sid)","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":5000}"#
        #expect(answer.content == "\(open.utf8.count):\(open)2:40")
        #expect(sid.utf8.count == 20 && answer.head.contains("Set-Cookie: io=\(sid); Path=/; HttpOnly\r\n"))
        #expect(try harness.openSessions(expecting: 1) == 1)
    }

    @Test func `a poll is held until there is something to tell, and so is a request behind it`() throws {
        let harness = try EventHarness()
        let sid = try harness.open()
        let client = try harness.client()
        try client.send("GET", harness.target(sid: sid))
        try client.send("GET", "/api/v1/sync", fields: ["Authorization: Bearer \(harness.token)"])
        try harness.post(sid, "2probe", #"421["subscribe","inv"]"#)
        #expect(try client.answer().content == "6:3probe")
        #expect(try client.answer().content.contains("finished"))
        #expect(try harness.poll(sid) == "5:431[]")
        let block = try harness.control("block").split(separator: "\"")[3]
        let told = #"42["block","\#(block)"]"#
        #expect(try harness.poll(sid) == payload(told))
    }

    @Test func `octets are taken as text is`() throws {
        let harness = try EventHarness()
        let sid = try harness.open()
        let client = try harness.client()
        let head = "POST \(harness.target(sid: sid)) HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
        try client.send(Array(head.utf8) + [0, 1, 0xFF, UInt8(ascii: "2")])
        #expect(try client.answer().content == "ok")
        #expect(try harness.poll(sid) == "1:3")
    }

    @Test func `transactions are told to whom they concern`() throws {
        let harness = try EventHarness()
        let (everything, nothing, mine) = (try harness.open(), try harness.open(), try harness.open())
        let bearer = ["Authorization: Bearer \(harness.token)"]
        let index = try harness.client().ask("GET", "/api/v1/block-index/869999", fields: bearer).content
        let block = try #require(try JSON.parse(Array(index.utf8))["blockHash"]?.string)
        let list = try harness.client().ask("GET", "/api/v1/txs?block=\(block)", fields: bearer).content
        let output = try JSON.parse(Array(list.utf8))["txs"]?.array?[1]["vout"]?.array?[0]
        let address = try #require(output?["scriptPubKey"]?["addresses"]?.array?.first?.string)
        try harness.post(everything, #"42["subscribe","inv"]"#)
        try harness.post(mine, #"420["subscribe","bitcoind/addresstxid",["\#(address.uppercased())","no address",7]]"#)
        #expect(try harness.poll(mine) == "5:430[]")
        try harness.post(nothing, #"42["subscribe","other"]"#, #"42["other",{"a":1}]"#, "40/other,", "2")
        #expect(try harness.poll(nothing) == payload(#"44/other,"Invalid namespace""#, "3"))
        let txid = try harness.control("tx?address=\(address)").split(separator: "\"")[3]
        let told = #"42["bitcoind/addresstxid",{"address":"\#(address)","txid":"\#(txid)"}]"#
        #expect(try harness.poll(mine) == payload(told))
        #expect(try harness.poll(everything).contains(#"42["tx",{"txid":"\#(txid)","valueOut":"#))
        try harness.post(everything, #"425["unsubscribe","inv"]"#)
        #expect(try harness.poll(everything) == "5:435[]")
        let sent = try harness.client().ask("POST", "/api/v1/tx/send", fields: bearer, #"{"rawtx":"00"}"#)
        #expect(sent.status == 200)
        try harness.post(everything, "2")
        #expect(try harness.poll(everything) == "1:3")
    }

    @Test func `without a push something happens all the same, and a block now and then`() throws {
        var settings = Sandbox.Settings()
        settings.eventInterval = .milliseconds(50)
        let harness = try EventHarness(settings, isQuiet: false)
        let sid = try harness.open()
        try harness.post(sid, #"42["subscribe","inv"]"#)
        var told = ""
        while !told.contains(#"42["block","0000000000"#) || !told.contains(#"42["tx",{"txid":""#) { told += try harness.poll(sid) }
    }

    @Test(arguments: [
        ("GET", "transport=polling&EIO=3&sid=none", 400, #"{"code":1,"message":"Session ID unknown"}"#),
        ("GET", "transport=flash&EIO=3", 400, #"{"code":0,"message":"Transport unknown"}"#),
        ("GET", "EIO=3", 400, #"{"code":0,"message":"Transport unknown"}"#),
        ("POST", "transport=polling&EIO=3", 400, #"{"code":2,"message":"Bad handshake method"}"#),
        ("GET", "transport=websocket&EIO=3", 400, #"{"code":3,"message":"Bad request"}"#),
        ("GET", "transport=polling&EIO=4", 400, #"{"code":5,"message":"Unsupported protocol version"}"#),
    ])
    func `a wrong request has its number and its text`(method: String, query: String, status: Int, content: String) throws {
        let harness = try EventHarness()
        let answer = try harness.client().ask(method, "/socket.io/?token=\(harness.token)&\(query)", method == "POST" ? "1:2" : nil)
        #expect(answer.status == status && answer.content == content)
    }

    @Test func `each request needs the token, once`() throws {
        let harness = try EventHarness()
        let sid = try harness.open()
        let token = harness.token
        for (query, reason) in [
            ("EIO=3", "No authorization token was found"), ("token=&EIO=3", "No authorization token was found"),
            ("token=nonsense&EIO=3", "jwt malformed"), ("token=\(token)&EIO=3&token=\(token)", "jwt malformed"),
            ("token=\(token.dropLast(4))AAAA&EIO=3", "invalid signature"),
        ] {
            for more in ["&transport=polling", "&transport=polling&sid=\(sid)"] {
                let answer = try harness.client().ask("GET", "/socket.io/?\(query)\(more)", fields: ["Authorization: Bearer \(token)"])
                #expect(answer.status == 401 && answer.content == reason)
            }
        }
    }

    @Test func `a malformed payload ends the session`() throws {
        let harness = try EventHarness()
        for payload in ["9:2", "6:b4AAAA", #"3:451"#, "3:42["] {
            let sid = try harness.open()
            _ = try harness.client().ask("POST", harness.target(sid: sid), payload)
            #expect(try harness.client().ask("GET", harness.target(sid: sid)).status == 400, "\(payload)")
        }
        let sid = try harness.open()
        let long = try harness.client().ask("POST", harness.target(sid: sid), String(repeating: "x", count: 1 << 20 + 1))
        #expect(long.status == 413)
        #expect(try harness.openSessions(expecting: 0) == 0)
    }

    @Test func `two polls at once, a client that goes, and one that says so end the session`() throws {
        let harness = try EventHarness()
        let twice = try harness.open()
        let first = try harness.client()
        try first.send("GET", harness.target(sid: twice))
        try harness.settle()
        #expect(try harness.client().ask("GET", harness.target(sid: twice)).status == 500)
        #expect(try first.answer().content == "1:1")
        let gone = try harness.open()
        var client: PlainClient? = try harness.client()
        try client?.send("GET", harness.target(sid: gone))
        try harness.settle()
        #expect(try harness.openSessions(expecting: 1) == 1)
        client = nil
        #expect(try harness.openSessions(expecting: 0) == 0)
        let leaving = try harness.open()
        try harness.post(leaving, "1")
        #expect(try harness.openSessions(expecting: 0) == 0)
    }

    @Test func `a client that does not ping loses its session`() throws {
        var settings = Sandbox.Settings()
        settings.pingInterval = .milliseconds(100)
        settings.pingTimeout = .milliseconds(100)
        let harness = try EventHarness(settings)
        let sid = try harness.open()
        #expect(try harness.poll(sid) == "1:1")
        #expect(try harness.client().ask("GET", harness.target(sid: sid)).status == 400)
    }

    @Test func `a client that does not fetch what it is told loses its session`() throws {
        let harness = try EventHarness()
        let sid = try harness.open()
        try harness.post(sid, #"42["subscribe","inv"]"#)
        let client = try PlainClient(harness.harness.accountsPort)
        for _ in 0..<1025 { _ = try client.ask("POST", "/_sandbox/block") }
        #expect(try harness.openSessions(expecting: 0) == 0)
    }

    @Test func `sessions are not endless`() throws {
        let harness = try EventHarness()
        let client = try harness.client()
        for _ in 0..<1024 { #expect(try client.ask("GET", harness.target()).status == 200) }
        #expect(try client.ask("GET", harness.target()).status == 503)
    }

    @Test func `a session that polls is told why it ends, at once or when it asks`() throws {
        let harness = try EventHarness()
        let (held, between) = (try harness.open(), try harness.open())
        let client = try harness.client()
        try client.send("GET", harness.target(sid: held))
        try harness.settle()
        harness.harness.onLoop { $0.revokeAllTokens() }
        let farewell = payload(#"42["disconnect","invalid token"]"#, "41")
        #expect(try client.answer().content == farewell)
        let renewed = try EventHarness.token(of: harness.harness)
        let target = harness.target(sid: between).replacing(harness.token, with: renewed)
        #expect(try harness.client().ask("POST", target, "1:2").content == "ok")
        #expect(try harness.client().ask("GET", target).content == farewell)
        #expect(try harness.client().ask("GET", target).content == #"{"code":1,"message":"Session ID unknown"}"#)
    }

    @Test func `a session ends with its token`() throws {
        let harness = try EventHarness(Sandbox.Settings(tokenLifetime: .seconds(2)))
        let sid = try harness.open()
        #expect(try harness.poll(sid) == payload(#"42["disconnect","jwt expired"]"#, "41"))
        let answer = try harness.client().ask("GET", harness.target())
        #expect(answer.status == 401 && answer.content == "jwt expired")
    }
}

/// Packets as a poll brings them.
private func payload(_ packets: String...) -> String { packets.map { "\($0.utf8.count):\($0)" }.joined() }
