internal import EventLoop
internal import TLS

/// A client's socket with its encryption, where there is one. Closed when it goes.
struct Channel: ~Copyable {
    enum Reception {
        case bytes(Int)
        /// Nothing until the socket is ready again.
        case waiting
        /// The peer has finished, or the connection is broken.
        case ended
    }

    // Before the descriptor: its bytes go through it.
    private var encryption: TLSConnection?
    private let descriptor: Descriptor
    private let kernel: any Kernel

    init(_ descriptor: consuming Descriptor, kernel: any Kernel, encryption: consuming TLSConnection?) {
        self.encryption = encryption
        self.descriptor = descriptor
        self.kernel = kernel
    }

    mutating func socketReadable(peerClosed: Bool) { encryption?.socketReadable(peerClosed: peerClosed) }

    /// Whether bytes can be exchanged; nil when the handshake failed.
    mutating func open() -> Bool? {
        do throws(TLSError) {
            switch try encryption?.handshake() {
            case nil, .done: return true
            case .wantsRead, .wantsWrite: return false
            }
        } catch {
            return nil
        }
    }

    mutating func receive(into bytes: UnsafeMutableRawBufferPointer) -> Reception {
        do throws(TLSError) {
            switch try encryption?.read(into: bytes) {
            case nil: return receivePlain(into: bytes)
            case .bytes(let count): return .bytes(count)
            case .wantsRead, .wantsWrite: return .waiting
            case .closed: return .ended
            }
        } catch {
            return .ended
        }
    }

    /// How many bytes the socket took, maybe none; nil when the connection is broken.
    mutating func send(_ bytes: UnsafeRawBufferPointer) -> Int? {
        do throws(TLSError) {
            switch try encryption?.write(bytes) {
            case nil:
                let count = kernel.send(descriptor.number, from: bytes)
                return count == ErrorNumber.wouldBlock ? 0 : count < 0 ? nil : count
            case .bytes(let count): return count
            case .wantsRead, .wantsWrite: return 0
            case .closed: return nil
            }
        } catch {
            return nil
        }
    }

    /// Tells the peer that nothing more will be sent.
    mutating func finishSending() {
        encryption?.sendCloseNotify()
        kernel.shutdownWriting(descriptor.number)
    }

    /// Makes the end of the connection a reset.
    func resetOnClose() { kernel.resetOnClose(descriptor.number) }

    private func receivePlain(into bytes: UnsafeMutableRawBufferPointer) -> Reception {
        let count = kernel.receive(descriptor.number, into: bytes)
        if count == ErrorNumber.wouldBlock { return .waiting }
        return count > 0 ? .bytes(count) : .ended
    }
}
