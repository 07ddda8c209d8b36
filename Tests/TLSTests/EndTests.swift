import Glibc
import Testing

@testable import TLS

struct EndTests {
    @Test(arguments: Version.allCases)
    func `an end with close_notify is closed, after the last bytes`(version: Version) throws {
        let (client, server) = try Setting.contexts(version)
        var pair = try Pair(client, server)
        try pair.shakeHands()
        _ = try pair.server.write(text: Array("last".utf8))
        pair.server.sendCloseNotify()
        pair.network.end(MemoryNetwork.client)
        pair.client.socketReadable(peerClosed: true)
        let (first, bytes) = try pair.client.readOnce()
        #expect(first == .bytes(4))
        #expect(bytes == Array("last".utf8))
        for _ in 0..<2 {
            let (next, _) = try pair.client.readOnce()
            #expect(next == .closed)
        }
    }

    @Test(arguments: Version.allCases)
    func `an end without close_notify is truncated, after the last bytes`(version: Version) throws {
        let (client, server) = try Setting.contexts(version)
        var pair = try Pair(client, server)
        try pair.shakeHands()
        _ = try pair.server.write(text: Array("half".utf8))
        pair.network.end(MemoryNetwork.client)
        pair.client.socketReadable(peerClosed: true)
        let (first, _) = try pair.client.readOnce()
        #expect(first == .bytes(4))
        for _ in 0..<2 {
            #expect(throws: TLSError.truncated(peer: "api.example")) { try pair.client.readOnce() }
        }
    }

    @Test func `a record cut in its middle is truncated`() throws {
        let (client, server) = try Setting.contexts()
        var pair = try Pair(client, server)
        try pair.shakeHands()
        _ = try pair.client.readAll()
        _ = try pair.server.write(text: Setting.content(1000))
        pair.network.inbound[0].bytes.removeLast(10)
        pair.network.end(MemoryNetwork.client)
        pair.client.socketReadable(peerClosed: true)
        #expect(throws: TLSError.truncated(peer: "api.example")) { try pair.client.readOnce() }
    }

    @Test func `an end within the handshake is truncated`() throws {
        let (client, server) = try Setting.contexts()
        var pair = try Pair(client, server)
        _ = try pair.client.handshake()
        pair.network.end(MemoryNetwork.client)
        pair.client.socketReadable()
        #expect(throws: TLSError.truncated(peer: "api.example")) { try pair.client.handshake() }
    }

    @Test func `the transport's error number comes through with its text`() throws {
        let (client, server) = try Setting.contexts()
        var pair = try Pair(client, server)
        try pair.shakeHands()
        pair.client.socketReadable()
        pair.network.receiveError = ECONNRESET
        let error = #expect(throws: TLSError.self) { try pair.client.readOnce() }
        #expect(error == .transport(peer: "api.example", errorNumber: ECONNRESET))
        #expect(error?.message.contains("Connection reset by peer") == true)
    }

    @Test func `a record that was changed on its way is refused`() throws {
        let (client, server) = try Setting.contexts()
        var pair = try Pair(client, server)
        try pair.shakeHands()
        _ = try pair.client.readAll()
        _ = try pair.server.write(text: Array("Bearer eyJ-secret".utf8))
        pair.network.inbound[0].bytes[20] ^= 1
        pair.reportEdges()
        let error = #expect(throws: TLSError.self) { try pair.client.readOnce() }
        guard case .protocolFault = error else {
            Issue.record("\(String(describing: error)) is not a protocol fault")
            return
        }
        #expect(error?.message.contains("secret") == false)
        let again = #expect(throws: TLSError.self) { try pair.client.write(text: [1]) }
        #expect(again == error)
    }
}
