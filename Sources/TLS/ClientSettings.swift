/// How a client authenticates the servers it connects to, and itself.
///
/// There is no way to switch verification off.
public struct ClientSettings: Sendable {
    /// Who may vouch for a server.
    public enum Trust: Sendable {
        /// The system's certificate authorities (OpenSSL's paths; `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured).
        case system
        /// Only the certificates of this PEM file.
        case file(String)
        /// Only these PEM certificates.
        case pem([UInt8])
    }

    public enum Version: Sendable {
        case tls12
        case tls13
    }

    public var trust: Trust
    public var minimumVersion: Version

    /// SHA-256 of SubjectPublicKeyInfo, 32 bytes each (RFC 7469 2.4). When not empty, one certificate of the verified
    /// chain has to match one of them, in addition to the verification.
    public var pins: [[UInt8]]

    /// PEM file of the client's certificate and its intermediates, leaf first.
    public var clientCertificateFile: String?

    /// PEM file of the client's key, not encrypted; nil: it is in the certificate's file.
    public var clientKeyFile: String?

    public init(
        trust: Trust = .system,
        minimumVersion: Version = .tls12,
        pins: [[UInt8]] = [],
        clientCertificateFile: String? = nil,
        clientKeyFile: String? = nil
    ) {
        self.trust = trust
        self.minimumVersion = minimumVersion
        self.pins = pins
        self.clientCertificateFile = clientCertificateFile
        self.clientKeyFile = clientKeyFile
    }
}
