import Glibc
import TLS

/// Two descriptors joined in memory, with the edges, short reads and full buffers of a socket.
final class MemoryNetwork: Transport {
    /// How much one call moves.
    enum Weather: Sendable {
        case calm
        case oneByte
        /// Any number of bytes, and now and then none at all.
        case random(seed: UInt64)
    }

    struct Wire {
        var bytes: [UInt8] = []
        var start = 0
        var isEnded = false
        /// Set when bytes or the end arrive: what an edge-triggered poll would report once.
        var hasEdge = false
        var count: Int { bytes.count - start }
    }

    static let client: Int32 = 0
    static let server: Int32 = 1

    var weather: Weather
    /// Bytes that are under way at most; beyond it, sending would block.
    var capacity: Int
    /// What each descriptor has to receive.
    var inbound = [Wire(), Wire()]
    var receiveCalls = [0, 0]
    var sendCalls = [0, 0]
    /// When not 0, every receive of the client fails with it.
    var receiveError: Int32 = 0
    /// Bytes received so far, on both sides.
    private(set) var moved = 0
    private var state: UInt64 = 1

    init(_ weather: Weather = .calm, capacity: Int = 256 * 1024) {
        self.weather = weather
        self.capacity = capacity
        if case .random(let seed) = weather { state = seed | 1 }
    }

    func receive(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let side = Int(descriptor)
        receiveCalls[side] += 1
        if receiveError != 0, descriptor == Self.client { return -Int(receiveError) }
        let there = inbound[side].count
        if there == 0 { return inbound[side].isEnded ? 0 : -Int(EAGAIN) }
        // A socket's short read means that it is empty: what is held back comes with an edge of its own.
        let count = min(there, buffer.count, allowance())
        if count == 0 {
            inbound[side].hasEdge = true
            return -Int(EAGAIN)
        }
        inbound[side].bytes.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[inbound[side].start..<inbound[side].start + count]))
        }
        inbound[side].start += count
        moved += count
        if inbound[side].count == 0 {
            inbound[side].bytes.removeAll(keepingCapacity: true)
            inbound[side].start = 0
        } else if count < buffer.count {
            inbound[side].hasEdge = true
        }
        return count
    }

    func send(_ descriptor: Int32, from bytes: UnsafeRawBufferPointer) -> Int {
        let side = 1 - Int(descriptor)
        sendCalls[Int(descriptor)] += 1
        let count = min(bytes.count, capacity - inbound[side].count, allowance())
        if count <= 0 { return -Int(EAGAIN) }
        inbound[side].bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
        inbound[side].hasEdge = true
        return count
    }

    /// The descriptor's stream ends, as by a close of the other side.
    func end(_ descriptor: Int32) {
        inbound[Int(descriptor)].isEnded = true
        inbound[Int(descriptor)].hasEdge = true
    }

    func takeEdge(_ descriptor: Int32) -> Bool {
        defer { inbound[Int(descriptor)].hasEdge = false }
        return inbound[Int(descriptor)].hasEdge
    }

    private func allowance() -> Int {
        switch weather {
        case .calm: return .max
        case .oneByte: return 1
        case .random:
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let roll = state >> 33
            return roll % 8 == 0 ? 0 : Int(roll % 40_000)
        }
    }
}
