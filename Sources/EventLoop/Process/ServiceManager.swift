internal import CLinux
internal import Glibc

/// Tells systemd what the process is doing (sd_notify(3)). Where nobody asked to be told, it does nothing.
public final class ServiceManager: Sendable {
    private let descriptor: Int32?
    /// How often it wants to hear that the process is alive, if it does.
    public let watchdogInterval: Interval?

    /// Takes what the environment says of it out of there, so that programs do not speak for this process. To be called before rights
    /// are given up: from now on, it is connected.
    public init() throws(SystemError) {
        defer { for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] { unsetenv(name) } }
        guard let path = Self.text(of: "NOTIFY_SOCKET"), !path.isEmpty else {
            (descriptor, watchdogInterval) = (nil, nil)
            return
        }
        descriptor = try Self.connected(to: path)
        let isMeant = Self.text(of: "WATCHDOG_PID").map { Int32($0) == getpid() } ?? true
        let microseconds = Self.text(of: "WATCHDOG_USEC").flatMap { Int64($0) } ?? 0
        let isSpan = isMeant && (1...Limits.intervalMax / 1000).contains(microseconds)
        watchdogInterval = isSpan ? Interval(nanoseconds: microseconds * 1000) : nil
    }

    deinit { if let descriptor { close(descriptor) } }

    /// Sends assignments such as `READY=1`. One that does not arrive is no fault of ours, and nobody waits for it.
    public func tell(_ assignments: String...) {
        guard let descriptor else { return }
        let message = Array(assignments.joined(separator: "\n").utf8)
        _ = message.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) }
    }

    /// `STATUS=` with a line for people.
    public func tell(status: String) { tell(Self.status(status)) }

    /// The assignment of such a line.
    public static func status(_ text: String) -> String {
        "STATUS=" + String(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : Character($0) })
    }

    /// The time since the machine began as systemd measures it, for a reload.
    public static var monotonicAssignment: String { "MONOTONIC_USEC=\(linux_clock_nanoseconds(CLOCK_MONOTONIC) / 1000)" }

    /// A path, or with `@` at its front a name that is in no directory.
    private static func connected(to path: String) throws(SystemError) -> Int32 {
        let subject = "NOTIFY_SOCKET=\(path)"
        var form = sockaddr_un()
        form.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        let isAbstract = name[0] == UInt8(ascii: "@")
        if isAbstract { name[0] = 0 }
        guard isAbstract || name[0] == UInt8(ascii: "/") else { throw SystemError(call: "connect", errno: EAFNOSUPPORT, subject: subject) }
        guard name.count <= SocketAddress.unixPathBytesMax else { throw SystemError(call: "connect", errno: ENAMETOOLONG, subject: subject) }
        withUnsafeMutableBytes(of: &form.sun_path) { $0.copyBytes(from: name) }
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw SystemError(call: "socket", errno: errno, subject: subject) }
        // A name in no directory ends where its length says, a path with its zero.
        let length = MemoryLayout<sa_family_t>.size + name.count + (isAbstract ? 0 : 1)
        guard withUnsafePointer(to: &form, { linux_connect(socket, $0, socklen_t(length)) }) == 0 else {
            let error = SystemError(call: "connect", errno: errno, subject: subject)
            close(socket)
            throw error
        }
        return socket
    }

    private static func text(of variable: String) -> String? { getenv(variable).map { String(cString: $0) } }
}
