import COpenSSL

/// A certificate authority made in memory, for trying and testing: nobody else trusts it, and its key is never written.
public final class Authority {
    /// The authority's certificate: what a client has to trust.
    public let certificatePEM: [UInt8]

    private let key: OpaquePointer
    private let certificate: OpaquePointer

    /// A new ECDSA P-256 key and its self-signed certificate, valid for `Limits.certificateDays`.
    /// - Parameter commonName: at most 64 bytes.
    /// - Throws: `library` when OpenSSL cannot make them.
    public init(commonName: String) throws(TLSError) {
        let key = try Self.makeKey()
        var certificate: OpaquePointer?
        do {
            certificate = try Draft(subject: commonName, key: key, lifetime: .current)
                .sign(Self.authorityExtensions, issuer: nil, issuerKey: key)
            certificatePEM = try PEM.text { PEM_write_bio_X509($0, certificate) }
        } catch {
            X509_free(certificate)
            EVP_PKEY_free(key)
            throw error
        }
        self.key = key
        self.certificate = certificate!
    }

    /// A server certificate with a key of its own.
    /// - Parameter names: at least one DNS name or IP address.
    /// - Parameter expired: its time ended yesterday.
    /// - Throws: `configuration` for an unusable name, `library` when OpenSSL cannot make it.
    public func issue(
        names: [String], expired: Bool = false
    ) throws(TLSError) -> (certificateChainPEM: [UInt8], privateKeyPEM: [UInt8]) {
        precondition(!names.isEmpty, "a certificate without names is valid for nobody")
        let leafKey = try Self.makeKey()
        defer { EVP_PKEY_free(leafKey) }
        var draft = try Draft(
            subject: names[0].utf8.count > Limits.commonNameBytesMax ? "" : names[0],
            key: leafKey, lifetime: expired ? .past : .current)
        try draft.addNames(names)
        let leaf = try draft.sign(Self.leafExtensions, issuer: certificate, issuerKey: key)
        defer { X509_free(leaf) }
        return (
            try PEM.text { PEM_write_bio_X509($0, leaf) },
            try PEM.text { PEM_write_bio_PrivateKey($0, leafKey, nil, nil, 0, nil, nil) }
        )
    }

    /// RFC 5280 4.2.1.
    private static var authorityExtensions: [(Int32, String)] {
        [
            (NID_basic_constraints, "critical,CA:TRUE,pathlen:0"),
            (NID_key_usage, "critical,keyCertSign,cRLSign"),
            (NID_subject_key_identifier, "hash"),
        ]
    }

    private static var leafExtensions: [(Int32, String)] {
        [
            (NID_basic_constraints, "critical,CA:FALSE"),
            (NID_key_usage, "critical,digitalSignature"),
            (NID_ext_key_usage, "serverAuth,clientAuth"),
            (NID_subject_key_identifier, "hash"),
            (NID_authority_key_identifier, "keyid:always"),
        ]
    }

    private static func makeKey() throws(TLSError) -> OpaquePointer {
        defer { ErrorQueue.clear() }
        guard let key = openssl_generate_p256() else { throw .library(ErrorQueue.takeReason()) }
        return key
    }

    deinit {
        X509_free(certificate)
        EVP_PKEY_free(key)
    }
}
