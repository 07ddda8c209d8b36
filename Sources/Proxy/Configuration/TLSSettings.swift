/// How the TLS connection to an upstream is made and verified.
public struct TLSSettings: Sendable, Equatable {
    /// The lowest version that is spoken.
    public enum Version: String, Sendable, CaseIterable {
        case tls12 = "1.2"
        case tls13 = "1.3"
    }

    /// Path of a PEM file with the authorities to trust; nil: the system's.
    public let ca: String?
    /// The name to ask for and to verify in place of the upstream's host.
    public let serverName: String?
    /// SHA-256 of public keys (SubjectPublicKeyInfo, RFC 7469 2.4), 32 bytes each; empty: any key of a valid certificate.
    public let pins: [[UInt8]]
    /// Path of a PEM file; there exactly if `clientKey` is.
    public let clientCertificate: String?
    /// Path of a PEM file.
    public let clientKey: String?
    public let minimumVersion: Version

    /// The system's authorities, the upstream's name, TLS 1.2 or newer.
    public static let standard = TLSSettings(
        ca: nil, serverName: nil, pins: [], clientCertificate: nil, clientKey: nil, minimumVersion: .tls12)
}
