/// The secrets of a configuration that may never be in force: which files were read for it is noted here, for the running one has not read
/// them, and is to see that they have changed.
final class PreparationSecrets: SecretReading {
    private let secrets: SharedSecrets
    private(set) var signatures: [String: FileSignature] = [:]

    init(_ secrets: SharedSecrets) { self.secrets = secrets }

    func read(_ source: SecretSource) throws(SecretError) -> [UInt8] {
        guard let reading = secrets.reading(of: source) else { return try secrets.read(source) }
        signatures[source.place.keyPath] = reading.signature ?? signatures[source.place.keyPath]
        return try reading.result.get()
    }

    func hasChanged(_ source: SecretSource) -> Bool { secrets.hasChanged(source) }
    func setting(_ name: String) -> [UInt8]? { secrets.setting(name) }
    func warn(_ finding: Finding) { secrets.warn(finding) }
    func concealEnvironment() { secrets.concealEnvironment() }
    var warnings: [Finding] { secrets.warnings }
}
