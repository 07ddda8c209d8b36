import COpenSSL

/// Whom a client expects: a DNS name (announced by SNI, RFC 6066 3) or an IP address (not announced).
struct ServerName {
    let text: String
    private let address: [UInt8]

    /// Accepts a name with a final dot, and an IPv6 address in brackets.
    /// - Throws: `configuration` when it can be neither name nor address.
    init(_ given: String) throws(TLSError) {
        var name = Substring(given)
        if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
        if name.hasSuffix(".") { name = name.dropLast() }
        let isVisible = name.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard !name.isEmpty, isVisible, name.utf8.count <= Limits.serverNameBytesMax else {
            throw .configuration(
                "server name \"\(Verification.printable(given.utf8))\": expected an IP address or a DNS name "
                    + "(ASCII, xn-- form) of at most \(Limits.serverNameBytesMax) bytes")
        }
        text = String(name)
        defer { ErrorQueue.clear() }
        let octets = a2i_IPADDRESS(text)
        defer { ASN1_OCTET_STRING_free(octets) }
        address = octets.map {
            Array(UnsafeBufferPointer(start: ASN1_STRING_get0_data($0), count: Int(ASN1_STRING_length($0))))
        } ?? []
    }

    /// Makes `ssl` ask for this server, and accept no certificate but for it (RFC 9525: the subject's common name
    /// does not count, and a wildcard stands for a whole label).
    func demand(of ssl: OpaquePointer) -> Bool {
        let parameters = SSL_get0_param(ssl)
        let flags = UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)
        X509_VERIFY_PARAM_set_hostflags(parameters, flags)
        if !address.isEmpty {
            return X509_VERIFY_PARAM_set1_ip(parameters, address, address.count) == 1
        }
        return SSL_set1_host(ssl, text) == 1 && openssl_set_server_name(ssl, text) == 1
    }
}
