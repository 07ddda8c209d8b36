/// How a listener encrypts its clients' connections, and whom it lets in.
public struct ListenTLS: Sendable {
    /// Path of a PEM file: the listener's certificate and its intermediates, leaf first.
    public let certificate: String
    /// Path of a PEM file, not encrypted.
    public let key: String
    /// Path of a PEM file with the authorities of which a client has to show a certificate; nil: none has to.
    public let clientCA: String?
    public let minimumVersion: TLSSettings.Version
    /// Where it stands in the file.
    public let place: Place

    /// Whether it says the same, wherever it stands.
    func isAlike(_ other: ListenTLS) -> Bool {
        certificate == other.certificate && key == other.key && clientCA == other.clientCA && minimumVersion == other.minimumVersion
    }
}
