internal import CLinux
internal import Glibc

/// What the kernel knows of the socket at the other end of a connection within this machine (unix(7), sock_diag(7)).
enum PeerSocket {
    /// Whether no process has that socket any more. False where it cannot be known.
    static func isGone(behind descriptor: Int32) -> Bool {
        guard let ends = ends(of: descriptor) else { return false }
        switch (ends.ours, ends.peer) {
        case (.unix, _), (_, .unix): return isHungUp(descriptor)
        case (.ipv4, .ipv4), (.ipv6, .ipv6):
            guard ends.peer.isLocal, let socket = SocketDiagnosis.socket(from: ends.peer, to: ends.ours) else { return false }
            return !socket.isHeld
        default: return false
        }
    }

    /// The user who made that socket; nil where it cannot be known. Whoever it was handed to acts as its maker.
    static func user(behind descriptor: Int32) -> UInt32? {
        guard let ends = ends(of: descriptor) else { return nil }
        switch (ends.ours, ends.peer) {
        case (.unix, _), (_, .unix):
            var user: UInt32 = 0
            // Of a socket without a peer the kernel says -1.
            return linux_peer_user(descriptor, &user) == 0 && user != .max ? user : nil
        case (.ipv4, .ipv4), (.ipv6, .ipv6):
            guard ends.ours.isLocal, ends.peer.isLocal, let socket = SocketDiagnosis.socket(from: ends.peer, to: ends.ours),
                socket.isConnected, socket.isHeld
            else { return nil }
            // A connection that still is one now was one when the kernel answered, and no other has its two addresses.
            guard let after = self.ends(of: descriptor), after == ends else { return nil }
            return socket.user
        default: return nil
        }
    }

    /// Its address, where it has one; an IPv4 one as such.
    static func address(behind descriptor: Int32) -> SocketAddress? {
        switch name(of: descriptor, linux_peer_name)?.unmapped {
        case .unix?, nil: nil
        case let address?: address
        }
    }

    private struct Ends: Equatable {
        let ours: SocketAddress
        let peer: SocketAddress
    }

    /// Both addresses of a connection; nil once it has broken.
    private static func ends(of descriptor: Int32) -> Ends? {
        guard let ours = name(of: descriptor, linux_socket_name), let peer = name(of: descriptor, linux_peer_name) else { return nil }
        return Ends(ours: ours.unmapped, peer: peer.unmapped)
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
}
