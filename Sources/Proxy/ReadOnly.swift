internal import Wire

/// What the preset `read-only` lets through: methods that only read, except where a path is known to move money or to publish
/// whatever the method, and what is known to read although its method does not say so.
///
/// Only paths in normal form are looked at, so no letter of them is percent-encoded.
struct ReadOnly {
    /// In any case, and with or without a slash at the end.
    let refused: [Glob]
    /// To POST to, exactly so.
    let reading: [Glob]
    /// To upgrade at, exactly so. A tunnel is looked into by nobody.
    let tunnels: [Glob]

    init(_ type: CredentialType) {
        switch type {
        case .bloq, .bloqAccount:
            refused = Self.globs(["**/tx/send", "**/tx/send/**"], ignoresCase: true)
            // A Socket.IO client that polls sends its events so: they subscribe to rooms, and nothing else is known of them.
            reading = Self.globs(["/api/v1/addrs/txs", "/socket.io/"], ignoresCase: false)
            tunnels = Self.globs(["/socket.io/"], ignoresCase: false)
        case .bloquo:
            refused = Self.globs(
                [
                    "**/orders/withdrawal/account", "**/orders/withdrawal/account/**", "**/orders/deposit/account/*/refund",
                    "**/orders/deposit/account/*/refund/**", "**/trade/customer/**/execute", "**/trade/customer/**/execute/**",
                ], ignoresCase: true)
            // A quote is what an execution begins with: it is made, not read.
            reading = []
            tunnels = []
        case .oauth2, .tokenEndpoint, .basic, .fixed:
            refused = []
            reading = []
            tunnels = []
        }
    }

    private static func globs(_ patterns: [String], ignoresCase: Bool) -> [Glob] {
        patterns.map { pattern in
            guard let glob = Glob(path: pattern, ignoresCase: ignoresCase) else { preconditionFailure("\(pattern) is too long for a pattern") }
            return glob
        }
    }
}
