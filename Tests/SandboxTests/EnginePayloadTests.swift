import Testing

@testable import Sandbox

struct EnginePayloadTests {
    @Test(arguments: [
        ("1:2", [EnginePacket(.ping)]), ("6:2probe", [EnginePacket(.ping, Array("probe".utf8))]),
        ("2:401:3", [EnginePacket(.message, Array("0".utf8)), EnginePacket(.pong)]),
        // Two characters of JavaScript, four bytes; one character, two bytes.
        ("3:4😀1:6", [EnginePacket(.message, Array("😀".utf8)), EnginePacket(.noop)]),
        ("3:4üü", [EnginePacket(.message, Array("üü".utf8))]),
        ("4:4a:b", [EnginePacket(.message, Array("a:b".utf8))]),
    ])
    func `text is counted in characters, both ways`(text: String, packets: [EnginePacket]) {
        #expect(EnginePayload.decode(Array(text.utf8)) == packets)
        #expect(String(decoding: EnginePayload.encode(packets), as: UTF8.self) == text)
    }

    @Test(arguments: [
        ([0, 1, 0xFF] + Array("2".utf8), [EnginePacket(.ping)]),
        ([0, 3, 0xFF] + Array("4ü".utf8) + [0, 1, 0xFF] + Array("1".utf8), [EnginePacket(.message, Array("ü".utf8)), EnginePacket(.close)]),
        ([0, 1, 2, 0xFF] + Array("4abcdefghijk".utf8), [EnginePacket(.message, Array("abcdefghijk".utf8))]),
    ] as [([UInt8], [EnginePacket])])
    func `octets are counted as octets`(payload: [UInt8], packets: [EnginePacket]) {
        #expect(EnginePayload.decode(payload) == packets)
    }

    @Test(arguments: [
        "", ":", "1:", "2:4", "0:", "1:7", "1:x", "-1:2", "+1:2", " 1:2", "1 :2", "9999999999:4", "2:4😀", "1:2x", "6:b4AAAA", "1:21", "d=1:2",
    ])
    func `a malformed text is none`(text: String) { #expect(EnginePayload.decode(Array(text.utf8)) == nil) }

    @Test(arguments: [
        [0], [0, 1], [0, 0xFF], [0, 10, 0xFF, 50], [0, 1, 0xFF], [0, 1, 0xFF, 50, 9], [1, 1, 0xFF, 4], [0, 2, 0xFF, 52, 0xFF], [0x31, 0x3A, 0xFF],
    ] as [[UInt8]])
    func `malformed octets are none`(payload: [UInt8]) { #expect(EnginePayload.decode(payload) == nil) }

    @Test func `packets of one payload are not endless`() {
        #expect(EnginePayload.decode(Array(String(repeating: "1:2", count: 256).utf8))?.count == 256)
        #expect(EnginePayload.decode(Array(String(repeating: "1:2", count: 257).utf8)) == nil)
    }

    @Test(arguments: [
        (#"2["subscribe","inv"]"#, "/", nil, "subscribe", 1), (#"212["a"]"#, "/", "12", "a", 0),
        (#"2/chat,7["a",1,2]"#, "/chat", "7", "a", 2), (#"2/chat?x=1,["a"]"#, "/chat", nil, "a", 0),
    ] as [(String, String, String?, String, Int)])
    func `an event has a name, and more`(text: String, namespace: String, number: String?, name: String, arguments: Int) throws {
        let packet = try #require(SocketPacket(Array(text.utf8)))
        #expect(packet.kind == .event && packet.namespace == namespace && packet.acknowledgement == number)
        #expect(packet.event?.name == name && packet.event?.arguments.count == arguments)
    }

    @Test(arguments: ["", "x", "7", #"51-["a",{"_placeholder":true,"num":0}]"#, "2[", "2[]]", #"21234567890123456["a"]"#])
    func `what is no packet of text is none`(text: String) { #expect(SocketPacket(Array(text.utf8)) == nil) }

    @Test(arguments: ["2", "2{}", "2[]", "2[1]", #"3["a"]"#])
    func `a packet without a name is no event`(text: String) throws {
        #expect(try #require(SocketPacket(Array(text.utf8))).event == nil)
    }
}
