import COpenSSL

/// The verdict over the other side's certificate: OpenSSL's verification of chain, dates, purpose and a server's name, then
/// the pins.
///
/// It is made within the handshake, so that nothing of ours reaches a server before it. A resumed session was
/// verified, with the same pins, when it was first made.
enum Verification {
    /// Stands in for X509_verify_cert (SSL_CTX_set_cert_verify_callback): 1 to go on, 0 to refuse.
    static func verify(_ store: OpaquePointer) -> Int32 {
        let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx())
        let pipe = Pipe.of(OpaquePointer(ssl!))
        guard X509_verify_cert(store) == 1 else {
            pipe.pointee.certificateFault = fault(of: store, setting: SSL_is_server(OpaquePointer(ssl!)) == 1 ? "clientCA" : "tls.ca")
            if X509_STORE_CTX_get_error(store) == X509_V_OK {
                X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED)
            }
            return 0
        }
        let pins = pipe.pointee.context._withUnsafeGuaranteedRef { $0.pins }
        guard pins.isEmpty || chainMatches(X509_STORE_CTX_get0_chain(store), pins) else {
            pipe.pointee.certificateFault = pinFault(X509_STORE_CTX_get0_chain(store), pins)
            X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION)
            return 0
        }
        return 1
    }

    /// A pin is public, so the ones that were found are told: whoever has made sure that the keys are the server's takes one over.
    private static func pinFault(_ chain: OpaquePointer?, _ pins: [[UInt8]]) -> String {
        let found = (0..<min(max(0, OPENSSL_sk_num(chain)), Int32(Limits.pinsShownMax))).compactMap { index -> String? in
            let certificate = OpaquePointer(OPENSSL_sk_value(chain, index))
            guard let hash = publicKeyHash(of: certificate) else { return nil }
            return "\(PEM.base64(hash)) (\(subject(of: certificate)))"
        }
        let listed = pins.count == 1 ? "the one" : "one of the \(pins.count)"
        return "none of the public keys of its chain is \(listed) in tls.pinSHA256; it has \(found.joined(separator: ", "))"
    }

    private static func chainMatches(_ chain: OpaquePointer?, _ pins: [[UInt8]]) -> Bool {
        (0..<max(0, OPENSSL_sk_num(chain))).contains { index in
            publicKeyHash(of: OpaquePointer(OPENSSL_sk_value(chain, index))).map(pins.contains) ?? false
        }
    }

    /// SHA-256 of the certificate's SubjectPublicKeyInfo (RFC 7469 2.4).
    static func publicKeyHash(of certificate: OpaquePointer?) -> [UInt8]? {
        var encoded: UnsafeMutablePointer<UInt8>?
        let count = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded)
        defer { CRYPTO_free(encoded, #file, #line) }
        guard count > 0 else { return nil }
        var hash = [UInt8](repeating: 0, count: 32)
        return EVP_Digest(encoded, Int(count), &hash, nil, EVP_sha256(), nil) == 1 ? hash : nil
    }

    /// The refusal in words, with what helps against it. `setting` is where trusted authorities are named.
    private static func fault(of store: OpaquePointer, setting: String) -> String {
        let code = X509_STORE_CTX_get_error(store)
        let certificate = X509_STORE_CTX_get_current_cert(store) ?? X509_STORE_CTX_get0_cert(store)
        let whose = "subject: \(subject(of: certificate))"
        let reason = X509_verify_cert_error_string(Int(code)).map { String(cString: $0) } ?? "error \(code)"
        switch code {
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            let names = names(in: X509_STORE_CTX_get0_cert(store))
            return names.isEmpty
                ? "it is not valid for this name: it carries no subjectAltName"
                : "it is not valid for this name, but for \(names.joined(separator: ", "))"
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "\(reason) (\(date(X509_get0_notAfter(certificate))); \(whose)); is this machine's clock right?"
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "\(reason) (before \(date(X509_get0_notBefore(certificate))); \(whose)); is this machine's clock right?"
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
            X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            return "\(reason) (\(whose), issuer: \(issuer(of: certificate))); "
                + "if this authority is to be trusted, name its PEM file in \(setting)"
        default:
            return "\(reason) (\(whose))"
        }
    }

    /// The first `Limits.namesShownMax` DNS names and IP addresses of the certificate.
    private static func names(in certificate: OpaquePointer?) -> [String] {
        let list = OpaquePointer(X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil))
        defer { GENERAL_NAMES_free(list) }
        let count = max(0, OPENSSL_sk_num(list))
        var names = (0..<min(count, Int32(Limits.namesShownMax))).compactMap { index -> String? in
            guard let entry = OPENSSL_sk_value(list, index) else { return nil }
            let name = entry.assumingMemoryBound(to: GENERAL_NAME.self)
            switch name.pointee.type {
            case GEN_DNS: return printable(bytes(of: name.pointee.d.dNSName))
            case GEN_IPADD: return address(bytes(of: name.pointee.d.iPAddress))
            default: return nil
            }
        }
        if count > Limits.namesShownMax { names.append("and \(count - Int32(Limits.namesShownMax)) more") }
        return names
    }

    private static func bytes(of string: UnsafeMutablePointer<ASN1_STRING>?) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string)))
    }

    private static func address(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        if bytes.count == 4 { return bytes.map { String($0) }.joined(separator: ".") }
        return stride(from: 0, to: bytes.count - 1, by: 2)
            .map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }.joined(separator: ":")
    }

    private static func issuer(of certificate: OpaquePointer?) -> String { text(of: X509_get_issuer_name(certificate)) }

    private static func subject(of certificate: OpaquePointer?) -> String { text(of: X509_get_subject_name(certificate)) }

    private static func text(of name: OpaquePointer?) -> String {
        guard let line = X509_NAME_oneline(name, nil, 0) else { return "unknown" }
        defer { CRYPTO_free(line, #file, #line) }
        return printable(UnsafeRawBufferPointer(start: line, count: strlen(line)))
    }

    /// The common name of the certificate's subject, fit for a log line; nil where there is none.
    static func commonName(of certificate: OpaquePointer?) -> String? {
        guard let certificate, let name = X509_get_subject_name(certificate) else { return nil }
        let index = X509_NAME_get_index_by_NID(name, NID_commonName, -1)
        guard index >= 0, let entry = X509_NAME_get_entry(name, index) else { return nil }
        var text: UnsafeMutablePointer<UInt8>?
        let count = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry))
        defer { CRYPTO_free(text, #file, #line) }
        guard count > 0 else { return nil }
        return printable(UnsafeBufferPointer(start: text, count: Int(count)).prefix(Limits.commonNameBytesMax))
    }

    private static func date(_ time: UnsafePointer<ASN1_TIME>?) -> String {
        let text = try? PEM.text { ASN1_TIME_print($0, time) }
        return text.map { String(decoding: $0, as: UTF8.self) } ?? "unknown date"
    }

    /// A stranger's text, fit for a log line: visible ASCII only, and bounded.
    static func printable(_ bytes: some Collection<UInt8>) -> String {
        let visible = bytes.prefix(Limits.textBytesMax).map { (0x20...0x7E).contains($0) ? $0 : 0x3F }
        return String(decoding: visible, as: UTF8.self)
    }
}
