internal import EventLoop
internal import Glibc
internal import Proxy

/// Asks a running proxy over its admin listener, and waits for the answer.
struct AdminClient {
    /// Why there is no answer, with what to do.
    struct Failure: Error {
        let message: String
    }

    /// How long anything may take: the proxy answers within half a second.
    private static let patience: Int32 = 10_000
    /// Bytes of an answer at most. A hundred routes have some 200 KiB.
    private static let bytesMax = 16 << 20

    let listen: ListenAddress
    private let kernel: LinuxKernel

    init(_ listen: ListenAddress) throws {
        self.listen = listen
        kernel = try LinuxKernel()
    }

    /// The content of a 200.
    func get(_ path: String) throws(Failure) -> [UInt8] {
        var refusal: SystemError?
        for address in addresses {
            let descriptor: Int32
            do throws(SystemError) {
                descriptor = try connect(to: address)
            } catch {
                refusal = refusal ?? error
                continue
            }
            defer { kernel.close(descriptor) }
            return try exchange(descriptor, "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        }
        let reason = refusal?.reason ?? "it has no address"
        throw Failure(message: "nobody answers on \(listen): \(reason); is bearerproxy running, with this configuration?")
    }

    private var addresses: [SocketAddress] {
        switch listen {
        case .tcp(let host, let port): [SocketAddress(numeric: host, port: port)].compactMap { $0 }
        case .localhost(let port): [.loopback(port: port), .ipv6(high: 0, low: 1, port: port, scope: 0)]
        case .unix(let path, _, _): [.unix(path)]
        // No configuration has it there.
        case .systemd: []
        }
    }

    private func connect(to address: SocketAddress) throws(SystemError) -> Int32 {
        let descriptor = try kernel.connect(to: address)
        let error = wait(descriptor, POLLOUT) ? kernel.connectError(of: descriptor) : ETIMEDOUT
        if error == 0 { return descriptor }
        kernel.close(descriptor)
        throw SystemError(call: "connect", errno: error, subject: address.description)
    }

    /// False when it takes too long.
    private func wait(_ descriptor: Int32, _ event: Int32) -> Bool {
        var poller = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        while true {
            let count = poll(&poller, 1, Self.patience)
            if count >= 0 || errno != EINTR { return count > 0 }
        }
    }

    private func exchange(_ descriptor: Int32, _ request: String) throws(Failure) -> [UInt8] {
        // It is shorter than any socket's buffer.
        let request = Array(request.utf8)
        guard request.withUnsafeBytes({ kernel.send(descriptor, from: $0) }) == request.count else {
            throw Failure(message: "\(listen) takes no request; look at what listens there")
        }
        let answer = try receiveAll(descriptor)
        guard let end = answer.firstRange(of: Array("\r\n\r\n".utf8)) else {
            throw Failure(message: "what \(listen) answers is no HTTP; look at what listens there")
        }
        guard answer.starts(with: Array("HTTP/1.1 200 ".utf8)) else {
            let line = String(decoding: answer.prefix { $0 != 13 }.prefix(100), as: UTF8.self)
            throw Failure(message: "\(listen) answers \(Terminal.printable(line)); look at what listens there")
        }
        return Array(answer[end.upperBound...])
    }

    private func receiveAll(_ descriptor: Int32) throws(Failure) -> [UInt8] {
        var answer: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 * 1024)
        while answer.count <= Self.bytesMax {
            let count = piece.withUnsafeMutableBytes { kernel.receive(descriptor, into: $0) }
            if count == 0 { return answer }
            if count > 0 {
                answer += piece[..<count]
            } else if count != Int(-EAGAIN) || !wait(descriptor, POLLIN) {
                break
            }
        }
        throw Failure(message: "\(listen) gives no whole answer; look at what listens there")
    }
}
