import COpenSSL

/// A certificate that is being made (RFC 5280 4.1).
struct Draft: ~Copyable {
    enum Lifetime {
        /// From an hour ago, for clocks that differ, to `Limits.certificateDays` from now.
        case current
        /// The day before yesterday to yesterday.
        case past
    }

    private let certificate: OpaquePointer

    /// - Parameter subject: the common name; empty: none.
    init(subject: String, key: OpaquePointer, lifetime: Lifetime) throws(TLSError) {
        defer { ErrorQueue.clear() }
        let made = Self.make(subject, key, lifetime)
        guard let made else { throw .library(ErrorQueue.takeReason()) }
        certificate = made
    }

    /// Adds subjectAltName, critical when there is no subject (RFC 5280 4.2.1.6).
    mutating func addNames(_ names: [String]) throws(TLSError) {
        let list = GENERAL_NAMES_new()
        defer { GENERAL_NAMES_free(list) }
        for name in names {
            guard !name.isEmpty, name.utf8.count <= Limits.serverNameBytesMax,
                name.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            else {
                let text = Verification.printable(name.utf8)
                throw .configuration("\"\(text)\" is neither a DNS name nor an IP address")
            }
            let entry = GENERAL_NAME_new()
            if let address = a2i_IPADDRESS(name) {
                GENERAL_NAME_set0_value(entry, GEN_IPADD, address)
            } else {
                let text = ASN1_STRING_type_new(V_ASN1_IA5STRING)
                ASN1_STRING_set(text, name, Int32(name.utf8.count))
                GENERAL_NAME_set0_value(entry, GEN_DNS, text)
            }
            OPENSSL_sk_push(list, UnsafeRawPointer(entry))
        }
        defer { ErrorQueue.clear() }
        let isCritical: Int32 = X509_NAME_entry_count(X509_get_subject_name(certificate)) == 0 ? 1 : 0
        let value = UnsafeMutableRawPointer(list)
        guard X509_add1_ext_i2d(certificate, NID_subject_alt_name, value, isCritical, UInt(X509V3_ADD_DEFAULT)) == 1
        else { throw .library(ErrorQueue.takeReason()) }
    }

    /// Adds the extensions, in OpenSSL's notation, and signs. The caller owns the certificate.
    /// - Parameter issuer: nil for a self-signed one.
    consuming func sign(
        _ extensions: [(Int32, String)], issuer: OpaquePointer?, issuerKey: OpaquePointer
    ) throws(TLSError) -> OpaquePointer {
        defer { ErrorQueue.clear() }
        let issuer = issuer ?? certificate
        var scope = X509V3_CTX()
        X509V3_set_ctx(&scope, issuer, certificate, nil, nil, 0)
        var isMade = X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1
        for (identifier, value) in extensions where isMade {
            let entry = X509V3_EXT_conf_nid(nil, &scope, identifier, value)
            isMade = entry != nil && X509_add_ext(certificate, entry, -1) == 1
            X509_EXTENSION_free(entry)
        }
        guard isMade, X509_sign(certificate, issuerKey, EVP_sha256()) > 0 else {
            throw .library(ErrorQueue.takeReason())
        }
        X509_up_ref(certificate)
        return certificate
    }

    private static func make(_ subject: String, _ key: OpaquePointer, _ lifetime: Lifetime) -> OpaquePointer? {
        guard let certificate = X509_new() else { return nil }
        let day = 86_400
        let (start, end) =
            switch lifetime {
            case .current: (-3_600, Limits.certificateDays * day)
            case .past: (-2 * day, -day)
            }
        let name = X509_get_subject_name(certificate)
        let isMade =
            X509_set_version(certificate, Int(X509_VERSION_3)) == 1
            && setRandomSerial(certificate)
            && X509_gmtime_adj(X509_getm_notBefore(certificate), start) != nil
            && X509_gmtime_adj(X509_getm_notAfter(certificate), end) != nil
            && X509_set_pubkey(certificate, key) == 1
            && (subject.isEmpty || X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, subject, -1, -1, 0) == 1)
        if isMade { return certificate }
        X509_free(certificate)
        return nil
    }

    /// 127 random bits: positive, and never the same twice (RFC 5280 4.1.2.2).
    private static func setRandomSerial(_ certificate: OpaquePointer) -> Bool {
        let number = BN_new()
        defer { BN_free(number) }
        return BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1
            && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil
    }

    deinit {
        X509_free(certificate)
    }
}
