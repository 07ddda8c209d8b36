import Glibc

/// A socket at the other end of the proxy: a client's, or an upstream's. It never waits.
final class Peer {
    private var descriptor: Int32
    private(set) var received: [UInt8] = []
    private var unsent: [UInt8] = []
    /// Bytes of `unsent` that the socket has taken.
    private var sentCount = 0
    private var isFinishing = false
    /// Whether it takes what is sent to it.
    var isReading = true
    /// The proxy has ended its side.
    private(set) var isEnded = false
    /// The proxy has reset the connection.
    private(set) var isReset = false

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    deinit { close() }

    /// All that was received.
    var text: String { String(decoding: received, as: UTF8.self) }

    /// Whether what was received ends with these bytes.
    func hasReceived(_ bytes: [UInt8]) -> Bool {
        received.count >= bytes.count
            && received.withUnsafeBytes { memcmp($0.baseAddress! + $0.count - bytes.count, bytes, bytes.count) == 0 }
    }

    var isOver: Bool { isEnded || isReset }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        unsent.append(contentsOf: bytes)
        flush()
    }

    /// Sends and receives what the socket allows now.
    func turn() {
        guard descriptor >= 0 else { return }
        flush()
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while !isOver, isReading {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            if count > 0 {
                received.append(contentsOf: bytes[..<count])
            } else if count == 0 {
                isEnded = true
            } else if errno == EAGAIN {
                return
            } else {
                isReset = true
            }
        }
    }

    /// Forgets what was received.
    func forget() { received = [] }

    /// What its socket has not taken yet.
    var unsentCount: Int { unsent.count - sentCount }

    /// Ends the sending side alone, when everything is sent.
    func finish() {
        isFinishing = true
        flush()
    }

    /// Ends the connection as a process that dies with unread bytes does.
    func reset() {
        var atOnce = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &atOnce, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    private func flush() {
        while !unsent.isEmpty, descriptor >= 0 {
            let count = unsent.withUnsafeBytes { bytes in
                Glibc.send(descriptor, bytes.baseAddress! + sentCount, bytes.count - sentCount, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sentCount += count
            guard unsentCount == 0 else { continue }
            unsent = []
            sentCount = 0
        }
        if isFinishing, unsent.isEmpty, descriptor >= 0 { shutdown(descriptor, Int32(SHUT_WR)) }
    }
}
