internal import CLinux
internal import Glibc

/// A TCP socket of this machine, as the kernel describes it to anybody who knows its two addresses (sock_diag(7)).
struct SocketDiagnosis {
    /// Who made it. Means nothing unless `isHeld`: of a socket that was closed, the kernel says 0, as it does of root's.
    let user: UInt32
    /// Whether a process has it. One that was closed lives on for a while, without an inode.
    let isHeld: Bool
    /// Whether its handshake is done, and it has not been replaced by what only waits for late packets.
    let isConnected: Bool

    /// The socket with these addresses; nil if the kernel knows none, or cannot tell: it may have no diagnosis of TCP, or another
    /// address for what was redirected.
    static func socket(from source: SocketAddress, to destination: SocketAddress) -> SocketDiagnosis? {
        let descriptor = Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), NETLINK_SOCK_DIAG)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var question = Question(source, destination)
        let asked = withUnsafeBytes(of: &question) { send(descriptor, $0.baseAddress, $0.count, 0) }
        guard asked == MemoryLayout<Question>.size else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { answer in
            // The kernel has answered before the question returned, and only a privileged process could answer in its place.
            let count = recv(descriptor, answer.baseAddress, answer.count, Int32(MSG_DONTWAIT))
            return SocketDiagnosis(UnsafeRawBufferPointer(rebasing: answer.prefix(max(0, count))), source, destination)
        }
    }

    /// Reads an answer; nil for one that is not understood, or is of another socket: where no connection has the addresses, the
    /// kernel describes whoever listens on the first of them.
    private init?(_ answer: UnsafeRawBufferPointer, _ source: SocketAddress, _ destination: SocketAddress) {
        let headCount = MemoryLayout<nlmsghdr>.size
        guard answer.count >= headCount + MemoryLayout<inet_diag_msg>.size,
            Int32(answer.loadUnaligned(as: nlmsghdr.self).nlmsg_type) == SOCK_DIAG_BY_FAMILY
        else { return nil }
        let message = answer.loadUnaligned(fromByteOffset: headCount, as: inet_diag_msg.self)
        guard Self.address(message.idiag_family, message.id.idiag_src, message.id.idiag_sport) == source,
            Self.address(message.idiag_family, message.id.idiag_dst, message.id.idiag_dport) == destination
        else { return nil }
        user = message.idiag_uid
        isHeld = message.idiag_inode != 0
        switch Int(message.idiag_state) {
        case Int(TCP_ESTABLISHED), Int(TCP_FIN_WAIT1), Int(TCP_FIN_WAIT2), Int(TCP_CLOSE_WAIT), Int(TCP_LAST_ACK), Int(TCP_CLOSING):
            isConnected = true
        default: isConnected = false
        }
    }

    /// A client may use IPv4 through a socket of the other family: its addresses are mapped ones then.
    private static func address(_ family: UInt8, _ words: Words, _ port: UInt16) -> SocketAddress? {
        switch Int32(family) {
        case AF_INET: return .ipv4(UInt32(bigEndian: words.0), port: UInt16(bigEndian: port))
        case AF_INET6:
            let halves = unsafeBitCast(words, to: (UInt64, UInt64).self)
            let six = SocketAddress.ipv6(
                high: UInt64(bigEndian: halves.0), low: UInt64(bigEndian: halves.1), port: UInt16(bigEndian: port), scope: 0)
            return six.unmapped
        default: return nil
        }
    }

    private typealias Words = (UInt32, UInt32, UInt32, UInt32)

    /// Asks for exactly one TCP socket, by its two addresses.
    private struct Question {
        private var head = nlmsghdr()
        private var request = inet_diag_req_v2()

        init(_ source: SocketAddress, _ destination: SocketAddress) {
            head.nlmsg_len = UInt32(MemoryLayout<Question>.size)
            head.nlmsg_type = UInt16(SOCK_DIAG_BY_FAMILY)
            head.nlmsg_flags = UInt16(NLM_F_REQUEST)
            request.sdiag_family = UInt8(source.family)
            request.sdiag_protocol = UInt8(IPPROTO_TCP)
            request.idiag_states = .max
            request.id.idiag_cookie = (.max, .max)
            request.id.idiag_sport = (source.port ?? 0).bigEndian
            request.id.idiag_dport = (destination.port ?? 0).bigEndian
            request.id.idiag_src = Self.words(source)
            request.id.idiag_dst = Self.words(destination)
        }

        private static func words(_ address: SocketAddress) -> Words {
            switch address {
            case .ipv4(let bits, _): (bits.bigEndian, 0, 0, 0)
            case .ipv6(let high, let low, _, _): unsafeBitCast((high.bigEndian, low.bigEndian), to: Words.self)
            case .unix: (0, 0, 0, 0)
            }
        }
    }
}
