internal import CZlib

/// The zlib that is linked.
public enum Compression {
    /// Its version: `1.2.13`.
    public static var versionDescription: String {
        guard let version = unsafe zlibVersion() else { return "unknown" }
        return unsafe String(cString: version)
    }
}
