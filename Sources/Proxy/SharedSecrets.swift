internal import EventLoop

/// The reader of secrets, which all loops share: one at a time has what it keeps. Files are looked at and read beside that, for a disk may
/// be slow, and other loops have not to wait for it.
// Unchecked, and safe: what the reader keeps is touched under the lock alone.
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
        if let reading = reading(of: source) {
            if let signature = reading.signature { take([source.place.keyPath: signature]) }
            return try reading.result.get()
        }
        let result = lock.withLock { _ -> Result<[UInt8], SecretError> in
            do throws(SecretError) { return .success(try reader.read(source)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// The file of a source as it is now; nil where it is read from none, or there is none.
    func signature(of source: SecretSource) -> FileSignature? { machine?.signature(of: source) }

    func hasChanged(_ source: SecretSource) -> Bool {
        guard let machine else { return lock.withLock { _ in reader.hasChanged(source) } }
        let present = machine.signature(of: source)
        return lock.withLock { _ in machine.isNew(present, of: source) }
    }

    /// Reads the file of a source, without noting that it was read; nil where it is read from none.
    func reading(of source: SecretSource) -> SecretFileReading? {
        guard let machine else { return nil }
        switch source.kind {
        case .environment, .command: return nil
        case .file, .systemd:
            let reading = machine.reading(of: source)
            for warning in reading.warnings { warn(warning) }
            return reading
        }
    }

    /// These files have been read so, by the keys in the configuration.
    func take(_ signatures: [String: FileSignature]) { lock.withLock { _ in machine?.take(signatures) } }

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
