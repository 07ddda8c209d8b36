internal import CLinux
internal import Glibc

/// Where a socket listens or connects to.
public enum SocketAddress: Hashable, Sendable {
    /// The address in host byte order.
    case ipv4(UInt32, port: UInt16)
    /// The address's two halves in host byte order, and the interface for link-local ones.
    case ipv6(high: UInt64, low: UInt64, port: UInt16, scope: UInt32)
    /// A path in the file system.
    case unix(String)

    /// An address written in numbers (`127.0.0.1`, `::1`, without brackets); nil for anything else.
    public init?(numeric host: String, port: UInt16) {
        guard !host.utf8.contains(0) else { return nil }
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, host, &four) == 1 {
            self = .ipv4(UInt32(bigEndian: four.s_addr), port: port)
        } else if inet_pton(AF_INET6, host, &six) == 1 {
            let halves = unsafeBitCast(six, to: (UInt64, UInt64).self)
            self = .ipv6(high: UInt64(bigEndian: halves.0), low: UInt64(bigEndian: halves.1), port: port, scope: 0)
        } else {
            return nil
        }
    }

    /// 127.0.0.1
    public static func loopback(port: UInt16) -> SocketAddress { .ipv4(0x7F00_0001, port: port) }

    /// The port, of an internet address.
    public var port: UInt16? {
        switch self {
        case .ipv4(_, let port), .ipv6(_, _, let port, _): port
        case .unix: nil
        }
    }

    /// The address without its port: `127.0.0.1`, `::1`, and a path as it stands.
    public var host: String {
        switch self {
        case .ipv4(let address, _):
            return "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
        case .ipv6(let high, let low, _, _):
            var six = unsafeBitCast((high.bigEndian, low.bigEndian), to: in6_addr.self)
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            inet_ntop(AF_INET6, &six, &text, socklen_t(text.count))
            return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        case .unix(let path):
            return path
        }
    }

    /// Whether only processes of this machine can reach it.
    public var isLocal: Bool {
        switch self {
        case .ipv4(let address, _): address >> 24 == 127
        case .ipv6(let high, let low, _, _): high == 0 && low == 1
        case .unix: true
        }
    }
}

extension SocketAddress {
    /// An IPv4 address that is written as an IPv6 one (`::ffff:127.0.0.1`, RFC 4291, section 2.5.5.2) as what it is; any other as
    /// it stands.
    var unmapped: SocketAddress {
        guard case .ipv6(0, let low, let port, _) = self, low >> 32 == 0xFFFF else { return self }
        return .ipv4(UInt32(truncatingIfNeeded: low), port: port)
    }
}

extension SocketAddress: CustomStringConvertible {
    /// `127.0.0.1:8080`, `[::1]:8080`, `unix:/run/x.sock`
    public var description: String {
        switch self {
        case .ipv4(_, let port): "\(host):\(port)"
        case .ipv6(_, _, let port, _): "[\(host)]:\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

extension SocketAddress {
    /// Longest path that fits a `sockaddr_un` with its closing zero.
    static let unixPathBytesMax = 107

    var family: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix: AF_UNIX
        }
    }

    /// Calls `body` with the address as the kernel wants it.
    func withSystemForm<R>(_ body: (UnsafeRawPointer, socklen_t) -> R) -> R {
        switch self {
        case .ipv4(let address, let port):
            var form = sockaddr_in()
            form.sin_family = sa_family_t(AF_INET)
            form.sin_port = port.bigEndian
            form.sin_addr.s_addr = address.bigEndian
            return withUnsafePointer(to: &form) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        case .ipv6(let high, let low, let port, let scope):
            var form = sockaddr_in6()
            form.sin6_family = sa_family_t(AF_INET6)
            form.sin6_port = port.bigEndian
            form.sin6_scope_id = scope
            form.sin6_addr = unsafeBitCast((high.bigEndian, low.bigEndian), to: in6_addr.self)
            return withUnsafePointer(to: &form) { body($0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
        case .unix(let path):
            var form = sockaddr_un()
            form.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &form.sun_path) { $0.copyBytes(from: path.utf8.prefix(Self.unixPathBytesMax)) }
            return withUnsafePointer(to: &form) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }

    /// Reads an address that the kernel wrote; nil for a family that is none of ours.
    init?(systemForm form: UnsafeRawPointer) {
        switch Int32(form.load(as: sa_family_t.self)) {
        case AF_INET:
            let four = form.loadUnaligned(as: sockaddr_in.self)
            self = .ipv4(UInt32(bigEndian: four.sin_addr.s_addr), port: UInt16(bigEndian: four.sin_port))
        case AF_INET6:
            let six = form.loadUnaligned(as: sockaddr_in6.self)
            let halves = unsafeBitCast(six.sin6_addr, to: (UInt64, UInt64).self)
            self = .ipv6(
                high: UInt64(bigEndian: halves.0), low: UInt64(bigEndian: halves.1),
                port: UInt16(bigEndian: six.sin6_port), scope: six.sin6_scope_id)
        case AF_UNIX:
            let unix = form.loadUnaligned(as: sockaddr_un.self)
            self = withUnsafeBytes(of: unix.sun_path) { .unix(String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)) }
        default:
            return nil
        }
    }
}
