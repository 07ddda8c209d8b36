internal import CLinux
internal import Glibc

/// Two sockets of this process that are connected with each other.
public enum SocketPair {
    /// Neither waits, and no program that is started has them. The caller closes both.
    public static func make() throws(SystemError) -> (Int32, Int32) {
        var pair: (Int32, Int32) = (-1, -1)
        let result = withUnsafeMutableBytes(of: &pair) { bytes in
            socketpair(
                AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0,
                bytes.bindMemory(to: Int32.self).baseAddress)
        }
        guard result == 0 else { throw SystemError(call: "socketpair", errno: errno, subject: "a client of its own") }
        return pair
    }
}
