internal import Credentials

extension Credential {
    /// What may become of its secrets.
    var rotation: Rotation {
        let kinds = secretSources.map(\.kind)
        let areWatchable = kinds.contains { kind in
            switch kind {
            case .file, .systemd: true
            case .environment, .command: false
            }
        }
        if areWatchable { return .watchable }
        let areReadable = kinds.contains { kind in
            switch kind {
            case .command: true
            case .environment, .file, .systemd: false
            }
        }
        return areReadable ? .readable : .never
    }
}
