internal import EventLoop
internal import TLS

/// The RSA key of all sandboxes of this process. To make one takes a third of a second, and tests make many sandboxes.
struct SharedSigningKey {
    private static let key = Locked<SigningKey?>(nil)

    /// - Throws: `library` when OpenSSL cannot make a key.
    init() throws(TLSError) {
        let result = Self.key.withLock { key -> Result<Void, TLSError> in
            do throws(TLSError) {
                if key == nil { key = try SigningKey() }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    func sign(_ bytes: [UInt8]) throws(TLSError) -> [UInt8] {
        let result = Self.key.withLock { key -> Result<[UInt8], TLSError> in
            do throws(TLSError) {
                guard let key else { preconditionFailure("there is a key since init") }
                return .success(try key.signRS256(bytes))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    func verify(_ signature: [UInt8], of bytes: [UInt8]) -> Bool {
        Self.key.withLock { key in key?.verifyRS256(signature, of: bytes) ?? false }
    }
}
