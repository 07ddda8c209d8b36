import EventLoop
import Glibc
import Testing

/// A port of loopback where no connection is made: what asks for one has no answer.
final class BlackHole {
    let address: SocketAddress
    private let listener: Int32
    /// They fill the queue of connections that nobody accepts; Linux drops what comes when it is full.
    private var fillers: [Int32] = []

    init() throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var form = sockaddr_in()
        form.sin_family = sa_family_t(AF_INET)
        form.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let code = withUnsafeMutablePointer(to: &form) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && listen(descriptor, 0) == 0 ? getsockname(descriptor, pointer, &length) : -1
            }
        }
        address = .loopback(port: UInt16(bigEndian: form.sin_port))
        try #require(code == 0)
        for _ in 0..<4 {
            let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
            fillers.append(filler)
            withUnsafePointer(to: form) { pointer in
                _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(filler, $0, length) }
            }
        }
    }

    deinit { for descriptor in fillers + [listener] { close(descriptor) } }
}
