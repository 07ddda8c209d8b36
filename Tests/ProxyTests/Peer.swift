import Glibc
import TLS

/// A socket at the other end of the proxy: a client's, which may speak TLS, or an upstream's. It never waits.
final class Peer {
    private var descriptor: Int32
    private var tls: TLSConnection?
    /// Its handshake is done, if there is one.
    private(set) var isEstablished = false
    private(set) var received: [UInt8] = []
    private var unsent: [UInt8] = []
    /// Bytes of `unsent` that the socket has taken.
    private var sentCount = 0
    private var isFinishing = false
    /// Whether it takes what is sent to it.
    var isReading = true
    /// The proxy has ended its side.
    private(set) var isEnded = false
    /// The proxy has reset the connection, or has ended it in another way than TLS has it.
    private(set) var isReset = false

    /// With a context, as a client that speaks TLS.
    init(_ descriptor: Int32, _ context: TLSContext? = nil) {
        self.descriptor = descriptor
        tls = context.flatMap { try? TLSConnection(client: $0, serverName: "localhost", transport: PeerTransport(), descriptor: descriptor) }
        isEstablished = tls == nil
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
        guard tls == nil else {
            turnEncrypted()
            return
        }
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

    private func turnEncrypted() {
        do throws(TLSError) {
            // The end of what comes is not the end of what it sends.
            if isReset { return }
            tls!.socketReadable()
            if !isEstablished {
                guard try tls!.handshake() == .done else { return }
                isEstablished = true
            }
            flush()
            let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 1)
            defer { bytes.deallocate() }
            while !isOver, isReading {
                switch try tls!.read(into: bytes) {
                case .bytes(let count): received.append(contentsOf: bytes[..<count])
                case .closed: isEnded = true
                case .wantsRead, .wantsWrite: return
                }
            }
        } catch {
            isReset = true
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
        tls = nil
        close()
    }

    func close() {
        if tls != nil { tls!.sendCloseNotify() }
        tls = nil
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    private func flush() {
        while !unsent.isEmpty, descriptor >= 0 {
            let count = unsent.withUnsafeBytes { bytes in send(UnsafeRawBufferPointer(rebasing: bytes[sentCount...])) }
            guard count > 0 else { return }
            sentCount += count
            guard unsentCount == 0 else { continue }
            unsent = []
            sentCount = 0
        }
        guard isFinishing, unsent.isEmpty, descriptor >= 0 else { return }
        if tls != nil {
            guard isEstablished, (try? tls!.endWriting()) == .done else { return }
        }
        shutdown(descriptor, Int32(SHUT_WR))
    }

    private func send(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard tls != nil else { return Glibc.send(descriptor, bytes.baseAddress!, bytes.count, Int32(MSG_NOSIGNAL)) }
        guard isEstablished, case .bytes(let count)? = try? tls!.write(bytes) else { return 0 }
        return count
    }
}
