internal import CLinux
internal import Glibc

/// What the kernel knows of the socket at the other end of a connection within this machine (sock_diag(7)).
enum PeerSocket {
    /// Whether no process has that socket any more. False where it cannot be known.
    static func isGone(behind descriptor: Int32) -> Bool {
        guard let ours = name(of: descriptor, linux_socket_name), let peer = name(of: descriptor, linux_peer_name) else { return false }
        switch (ours, peer) {
        case (.unix, _), (_, .unix): return isHungUp(descriptor)
        case (.ipv4, .ipv4), (.ipv6, .ipv6): return peer.isLocal && !isHeld(from: peer, to: ours)
        default: return false
        }
    }

    private static func name(
        of descriptor: Int32, _ read: (Int32, UnsafeMutableRawPointer, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { form in
            read(descriptor, form, &length) == 0 ? SocketAddress(systemForm: form) : nil
        }
    }

    /// A Unix socket says by itself that both its directions have ended.
    private static func isHungUp(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&entry, 1, 0) == 1 && Int32(entry.revents) & POLLHUP != 0
    }

    /// Whether a process has the socket. One that was closed lives on for a while, without an inode. One that is not found says
    /// nothing: the kernel may have no diagnosis of TCP, or another address for what was redirected.
    private static func isHeld(from source: SocketAddress, to destination: SocketAddress) -> Bool {
        let descriptor = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), NETLINK_SOCK_DIAG)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        var question = Question(source, destination)
        let asked = withUnsafeBytes(of: &question) { send(descriptor, $0.baseAddress, $0.count, 0) }
        guard asked == MemoryLayout<Question>.size else { return true }
        return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { answer in
            // The kernel has answered before the question returned.
            let count = recv(descriptor, answer.baseAddress, answer.count, Int32(MSG_DONTWAIT))
            return isHeld(UnsafeRawBufferPointer(rebasing: answer.prefix(max(0, count))))
        }
    }

    /// Reads an answer. Whatever is not understood says nothing.
    private static func isHeld(_ answer: UnsafeRawBufferPointer) -> Bool {
        let headCount = MemoryLayout<nlmsghdr>.size
        guard answer.count >= headCount else { return true }
        let kind = Int32(answer.loadUnaligned(as: nlmsghdr.self).nlmsg_type)
        guard kind == SOCK_DIAG_BY_FAMILY, answer.count >= headCount + MemoryLayout<inet_diag_msg>.size else { return true }
        return answer.loadUnaligned(fromByteOffset: headCount, as: inet_diag_msg.self).idiag_inode != 0
    }

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

        private static func words(_ address: SocketAddress) -> (UInt32, UInt32, UInt32, UInt32) {
            switch address {
            case .ipv4(let bits, _): (bits.bigEndian, 0, 0, 0)
            case .ipv6(let high, let low, _, _): unsafeBitCast((high.bigEndian, low.bigEndian), to: (UInt32, UInt32, UInt32, UInt32).self)
            case .unix: (0, 0, 0, 0)
            }
        }
    }
}
