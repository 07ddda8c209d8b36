import Glibc
import TLS

/// Hands a test's socket to its TLS.
final class PeerTransport: Transport {
    func receive(_ descriptor: Int32, into bytes: UnsafeMutableRawBufferPointer) -> Int {
        let count = recv(descriptor, bytes.baseAddress, bytes.count, 0)
        return count < 0 ? -Int(errno) : count
    }

    func send(_ descriptor: Int32, from bytes: UnsafeRawBufferPointer) -> Int {
        let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        return count < 0 ? -Int(errno) : count
    }
}
