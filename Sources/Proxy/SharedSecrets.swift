internal import EventLoop

/// The reader of secrets, which all loops share: one reads at a time.
// Unchecked, and safe: the reader is touched under the lock alone.
final class SharedSecrets: SecretReading, @unchecked Sendable {
    private let lock = Locked(())
    private let reader: any SecretReading
    private var toldCount = 0

    init(_ reader: any SecretReading) { self.reader = reader }

    func read(_ source: SecretSource) throws(SecretError) -> [UInt8] {
        let result = lock.withLock { _ -> Result<[UInt8], SecretError> in
            do throws(SecretError) { return .success(try reader.read(source)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    func hasChanged(_ source: SecretSource) -> Bool { lock.withLock { _ in reader.hasChanged(source) } }
    func setting(_ name: String) -> [UInt8]? { lock.withLock { _ in reader.setting(name) } }
    func warn(_ finding: Finding) { lock.withLock { _ in reader.warn(finding) } }
    func concealEnvironment() { lock.withLock { _ in reader.concealEnvironment() } }
    var warnings: [Finding] { lock.withLock { _ in reader.warnings } }

    /// The warnings that were not taken before.
    func takeUntold() -> [Finding] {
        lock.withLock { _ in
            let untold = reader.warnings.dropFirst(toldCount)
            toldCount += untold.count
            return Array(untold)
        }
    }
}
