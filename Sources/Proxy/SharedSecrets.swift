internal import EventLoop

/// The reader of secrets, which all loops share: one reads at a time.
// Unchecked, and safe: the reader is touched under the lock alone.
final class SharedSecrets: SecretReading, @unchecked Sendable {
    private let lock = Locked(())
    private let reader: any SecretReading
    /// The same, where it is the machine's.
    private let machine: SecretReader?
    private var toldCount = 0

    init(_ reader: any SecretReading) {
        self.reader = reader
        machine = reader as? SecretReader
    }

    func read(_ source: SecretSource) throws(SecretError) -> [UInt8] {
        // A program may take seconds, and a loop that wants a file must not wait for it.
        if let machine, case .command(let arguments) = source.kind {
            return try SecretText.secret(printed: Command.run(arguments, withholding: lock.withLock { _ in machine.withheld }), for: source)
        }
        let result = lock.withLock { _ -> Result<[UInt8], SecretError> in
            do throws(SecretError) { return .success(try reader.read(source)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// The file of a source as it is now; nil where it is read from none, or there is none.
    func signature(of source: SecretSource) -> FileSignature? { lock.withLock { _ in machine?.signature(of: source) } }
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
