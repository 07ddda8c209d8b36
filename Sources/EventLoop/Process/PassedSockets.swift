internal import CLinux
internal import Glibc

/// Listening sockets that were open before this process began, which systemd passed on to it by name (sd_listen_fds(3)).
public struct PassedSockets: Sendable {
    /// One of them. It stays open as long as the process.
    public struct Socket: Sendable, Equatable {
        /// `FileDescriptorName=` of the unit, or the unit's own name.
        public let name: String
        public let descriptor: Int32
    }

    public let all: [Socket]

    /// None, or those that a test made.
    public init(_ all: [Socket] = []) { self.all = all }

    /// Those of a name, in the order of the unit.
    public func named(_ name: String) -> [Socket] { all.filter { $0.name == name } }

    /// Those that were passed on to this process, which become non-blocking, and which no program that it starts gets. To be called
    /// before anything is opened. The variables that tell of them are taken out of the environment.
    ///
    /// - Throws: if one is no socket that waits for connections with a stream of bytes.
    public static func take() throws(PassedSocketError) -> PassedSockets {
        defer { for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"] { unsetenv(name) } }
        // Meant for another process, as when a shell was started in between that did not use them.
        guard let process = text(of: "LISTEN_PID"), Int32(process) == getpid(), let count = text(of: "LISTEN_FDS") else { return PassedSockets() }
        guard let count = Int32(count), (0...Limits.passedSocketsMax).contains(count) else { throw .variable("LISTEN_FDS", count) }
        let names = text(of: "LISTEN_FDNAMES").map { $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init) }
        guard names.map({ $0.count == Int(count) }) ?? true || count == 0 else { throw .variable("LISTEN_FDNAMES", text(of: "LISTEN_FDNAMES") ?? "") }
        var sockets: [Socket] = []
        for index in 0..<count {
            let socket = Socket(name: names?[Int(index)] ?? "unknown", descriptor: firstDescriptor + index)
            try adopt(socket)
            sockets.append(socket)
        }
        return PassedSockets(sockets)
    }

    /// Behind standard input, output and error.
    private static let firstDescriptor: Int32 = 3

    private static func adopt(_ socket: Socket) throws(PassedSocketError) {
        guard let flags = option(socket, F_GETFD), fcntl(socket.descriptor, F_SETFD, flags | FD_CLOEXEC) == 0 else { throw .notOpen(socket) }
        guard let kind = value(socket, SO_TYPE), let family = value(socket, SO_DOMAIN) else { throw .notSocket(socket) }
        guard kind == SOCK_STREAM.rawValue, [AF_INET, AF_INET6, AF_UNIX].contains(family), value(socket, SO_ACCEPTCONN) == 1 else {
            throw .notListening(socket)
        }
        guard let status = option(socket, F_GETFL), fcntl(socket.descriptor, F_SETFL, status | O_NONBLOCK) == 0 else { throw .notOpen(socket) }
        guard family != AF_UNIX else { return }
        // As with listeners of our own: what is accepted inherits it.
        var on: Int32 = 1
        setsockopt(socket.descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func option(_ socket: Socket, _ command: Int32) -> Int32? {
        let value = fcntl(socket.descriptor, command)
        return value >= 0 ? value : nil
    }

    private static func value(_ socket: Socket, _ option: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(socket.descriptor, SOL_SOCKET, option, &value, &length) == 0 ? value : nil
    }

    private static func text(of variable: String) -> String? { getenv(variable).map { String(cString: $0) } }
}
