/// How a server authenticates itself to its clients, and whether they have to authenticate themselves.
public struct ServerSettings: Sendable {
    public enum Version: Sendable {
        case tls12
        case tls13
    }

    /// PEM file of the certificate and its intermediates, leaf first.
    public var certificateFile: String

    /// PEM file of its key, not encrypted.
    public var keyFile: String

    /// PEM file of the authorities of which a client has to show a certificate. Nil: clients are not asked for one.
    public var clientAuthorityFile: String?

    public var minimumVersion: Version

    public init(
        certificateFile: String, keyFile: String, clientAuthorityFile: String? = nil, minimumVersion: Version = .tls12
    ) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.clientAuthorityFile = clientAuthorityFile
        self.minimumVersion = minimumVersion
    }
}
