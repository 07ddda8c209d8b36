internal import CBuild
internal import TLS
internal import Wire

/// Which program this is.
enum Version {
    static let number = "0.1.0"

    /// Nil where the build was not told.
    static let commit: String? = {
        let commit = String(cString: build_commit())
        return commit.isEmpty ? nil : commit
    }()

    /// `bearerproxy 0.1.0 (commit 0123456789ab, OpenSSL 3.0.2 15 Mar 2022, zlib 1.2.11)`
    static var text: String {
        let parts = (commit.map { ["commit \($0)"] } ?? []) + [TLSContext.versionDescription, "zlib \(Compression.versionDescription)"]
        return "bearerproxy \(number) (\(parts.joined(separator: ", ")))"
    }
}
