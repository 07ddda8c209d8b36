import TLS
import Testing

/// A client and a server of ours over one `MemoryNetwork`.
struct Pair: ~Copyable {
    let network: MemoryNetwork
    var client: TLSConnection
    var server: TLSConnection

    init(
        _ clientContext: TLSContext, _ serverContext: TLSContext, name: String = "api.example",
        over network: MemoryNetwork = MemoryNetwork()
    ) throws {
        let client = try TLSConnection(
            client: clientContext, serverName: name, transport: network, descriptor: MemoryNetwork.client)
        let server = try TLSConnection(server: serverContext, transport: network, descriptor: MemoryNetwork.server)
        self.network = network
        self.client = client
        self.server = server
    }

    /// Runs both handshakes to their end. Readable edges are reported only when there is one.
    mutating func shakeHands() throws {
        for _ in 0..<100_000 {
            reportEdges()
            let ours = try client.handshake()
            let theirs = try server.handshake()
            if ours == .done && theirs == .done { return }
        }
        Issue.record("the handshake does not end")
    }

    /// The client's error, with the server following as far as it can.
    mutating func clientFailure() throws -> TLSError? {
        for _ in 0..<1000 {
            reportEdges()
            do throws(TLSError) {
                if try client.handshake() == .done { return nil }
            } catch {
                return error
            }
            _ = try? server.handshake()
        }
        return nil
    }

    /// The server's error, with the client following as far as it can.
    mutating func serverFailure() -> TLSError? {
        for _ in 0..<1000 {
            reportEdges()
            do throws(TLSError) {
                if try server.handshake() == .done { return nil }
            } catch {
                return error
            }
            _ = try? client.handshake()
        }
        return nil
    }

    /// Sends both contents at once, and answers what arrived: (at the server, at the client).
    mutating func exchange(up: [UInt8], down: [UInt8]) throws -> ([UInt8], [UInt8]) {
        var atServer: [UInt8] = []
        var atClient: [UInt8] = []
        var upSent = 0
        var downSent = 0
        var idleTurns = 0
        while atServer.count < up.count || atClient.count < down.count {
            let before = network.moved
            reportEdges()
            upSent += try sent(client.write(slice: up, from: upSent))
            downSent += try sent(server.write(slice: down, from: downSent))
            atServer += try server.readAll()
            atClient += try client.readAll()
            idleTurns = before == network.moved ? idleTurns + 1 : 0
            if idleTurns > 1000 {
                Issue.record("nothing moves any more after \(atServer.count) and \(atClient.count) bytes")
                break
            }
        }
        return (atServer, atClient)
    }

    mutating func reportEdges() {
        if network.takeEdge(MemoryNetwork.client) { client.socketReadable() }
        if network.takeEdge(MemoryNetwork.server) { server.socketReadable() }
    }

    private func sent(_ transfer: TLSConnection.Transfer) -> Int {
        if case .bytes(let count) = transfer { return count }
        return 0
    }
}
