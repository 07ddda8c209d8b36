import COpenSSL
import Testing

@testable import TLS

struct VerificationTests {
    private func failure(_ client: TLSContext, _ server: TLSContext, name: String = "api.example") throws -> TLSError? {
        var pair = try Pair(client, server, name: name)
        return try pair.clientFailure()
    }

    private func expect(_ error: TLSError?, says texts: [String]) {
        #expect(error?.isCertificateFault == true)
        for text in texts {
            #expect(error?.message.contains(text) == true, "\(error?.message ?? "no error") lacks \(text)")
        }
    }

    @Test func `a certificate for other names is refused and the message lists them`() throws {
        let authority = try Authority(commonName: "A")
        let server = try Setting.server(authority, ["one.example", "two.example", "127.0.0.1"])
        let error = try failure(Setting.client(trusting: authority), server)
        expect(error, says: ["api.example", "one.example, two.example, 127.0.0.1"])
    }

    @Test func `a certificate of an unknown authority is refused and the message says what to configure`() throws {
        let (known, unknown) = (try Authority(commonName: "Known"), try Authority(commonName: "Stranger"))
        let error = try failure(Setting.client(trusting: known), Setting.server(unknown))
        expect(error, says: ["api.example", "Stranger", "tls.ca"])
    }

    @Test func `an authority with the trusted one's name but another key is refused`() throws {
        let (known, impostor) = (try Authority(commonName: "Same"), try Authority(commonName: "Same"))
        let error = try failure(Setting.client(trusting: known), Setting.server(impostor))
        #expect(error?.isCertificateFault == true)
    }

    @Test func `the system's authorities do not include ours`() throws {
        let server = try Setting.server(Authority(commonName: "A"))
        let error = try failure(TLSContext.client(ClientSettings()), server)
        expect(error, says: ["tls.ca"])
    }

    @Test func `an expired certificate is refused`() throws {
        let authority = try Authority(commonName: "A")
        let server = try Setting.server(authority, expired: true)
        expect(try failure(Setting.client(trusting: authority), server), says: ["api.example", "expired", "GMT"])
    }

    @Test func `a self-signed certificate is refused, unless it is the one that is trusted`() throws {
        let certificate = try SelfSigned(names: ["api.example"])
        let server = try TLSContext.server(certificateChainPEM: certificate.pem, privateKeyPEM: certificate.keyPEM)
        let other = try Authority(commonName: "A")
        expect(try failure(Setting.client(trusting: other), server), says: ["self-signed", "tls.ca"])
        let trusting = try TLSContext.client(ClientSettings(trust: .pem(certificate.pem)))
        #expect(try failure(trusting, server) == nil)
    }

    @Test(arguments: ["127.0.0.1", "::1", "[::1]"])
    func `an IP address is verified as one`(address: String) throws {
        let authority = try Authority(commonName: "A")
        let client = try Setting.client(trusting: authority)
        #expect(try failure(client, Setting.server(authority, ["127.0.0.1", "::1"]), name: address) == nil)
        let wrong = try failure(client, Setting.server(authority, ["127.0.0.2", "api.example"]), name: address)
        expect(wrong, says: ["127.0.0.2, api.example"])
    }

    @Test func `a wildcard stands for one whole label`() throws {
        let authority = try Authority(commonName: "A")
        let client = try Setting.client(trusting: authority)
        #expect(try failure(client, Setting.server(authority, ["*.service.example"]), name: "a.service.example") == nil)
        #expect(try failure(client, Setting.server(authority, ["*.service.example"]), name: "a.b.service.example")?.isCertificateFault == true)
        #expect(try failure(client, Setting.server(authority, ["a*.service.example"]), name: "ab.service.example")?.isCertificateFault == true)
    }

    @Test func `a final dot in the name does not matter`() throws {
        let authority = try Authority(commonName: "A")
        #expect(try failure(Setting.client(trusting: authority), Setting.server(authority), name: "api.example.") == nil)
    }

    @Test(arguments: ["", ".", "a b", "a\0b", "ü.example", String(repeating: "a", count: 254)])
    func `a server name that cannot be one is refused`(name: String) throws {
        let client = try Setting.client(trusting: Authority(commonName: "A"))
        let error = #expect(throws: TLSError.self) {
            _ = try TLSConnection(client: client, serverName: name, transport: MemoryNetwork(), descriptor: 0)
        }
        guard case .configuration = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `a pin holds for the server's key and for its authority's, and nothing else passes`() throws {
        let authority = try Authority(commonName: "A")
        let issued = try authority.issue(names: ["api.example"])
        let server = try TLSContext.server(
            certificateChainPEM: issued.certificateChainPEM, privateKeyPEM: issued.privateKeyPEM)
        let leafPin = try pin(of: issued.certificateChainPEM)
        let authorityPin = try pin(of: authority.certificatePEM)
        let wrong = [UInt8](repeating: 1, count: 32)
        for pins in [[leafPin], [authorityPin], [wrong, leafPin]] {
            #expect(try failure(Setting.client(trusting: authority, pins: pins), server) == nil)
        }
        let error = try failure(Setting.client(trusting: authority, pins: [wrong]), server)
        expect(error, says: ["api.example", "none of the public keys of its chain is the one in tls.pinSHA256; it has "])
        let several = try failure(Setting.client(trusting: authority, pins: [wrong, wrong.reversed() + []]), server)
        expect(several, says: ["none of the public keys of its chain is one of the 2 in tls.pinSHA256; it has "])
    }

    @Test func `a pin does not stand in for the verification`() throws {
        let (known, unknown) = (try Authority(commonName: "Known"), try Authority(commonName: "Stranger"))
        let pins = [try pin(of: unknown.certificatePEM)]
        let error = try failure(Setting.client(trusting: known, pins: pins), Setting.server(unknown))
        expect(error, says: ["tls.ca"])
    }

    @Test func `a refused server learns it by an alert and gets no byte of ours`() throws {
        let (known, unknown) = (try Authority(commonName: "Known"), try Authority(commonName: "Stranger"))
        var pair = try Pair(Setting.client(trusting: known), Setting.server(unknown))
        let error = try #require(try pair.clientFailure())
        #expect(error.isCertificateFault)
        #expect(throws: error) { try pair.client.handshake() }
        pair.reportEdges()
        #expect(throws: TLSError.alert(peer: "client", reason: "alert 48, unknown ca")) { try pair.server.handshake() }
    }

    @Test func `what does not speak TLS is named so`() throws {
        let network = MemoryNetwork()
        let client = try Setting.client(trusting: Authority(commonName: "A"))
        var connection = try TLSConnection(
            client: client, serverName: "api.example", transport: network, descriptor: MemoryNetwork.client)
        _ = try connection.handshake()
        network.inbound[0].bytes = Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)
        connection.socketReadable()
        let error = #expect(throws: TLSError.self) { try connection.handshake() }
        #expect(error?.message.contains("may not speak TLS") == true)
        #expect(error?.message.contains("Bad Request") == false)
    }

    @Test func `a server that selects another protocol is refused, and one that selects none is not`() throws {
        let authority = try Authority(commonName: "A")
        let server = try Setting.server(authority)
        SSL_CTX_set_alpn_select_cb(
            server.pointer,
            { _, selected, count, offered, _, _ in
                // "ttp/1.1", out of what was offered: the server's OpenSSL does not look.
                selected!.pointee = offered! + 2
                count!.pointee = 7
                return SSL_TLSEXT_ERR_OK
            }, nil)
        let error = try failure(Setting.client(trusting: authority), server)
        guard case .protocolFault = error else {
            Issue.record("\(String(describing: error)) is not a protocol fault")
            return
        }
        SSL_CTX_set_alpn_select_cb(server.pointer, { _, _, _, _, _, _ in SSL_TLSEXT_ERR_NOACK }, nil)
        #expect(try failure(Setting.client(trusting: authority), server) == nil)
    }

    @Test func `the minimum version is held`() throws {
        let authority = try Authority(commonName: "A")
        let server = try Setting.server(authority)
        SSL_CTX_ctrl(server.pointer, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        let settings = ClientSettings(trust: .pem(authority.certificatePEM), minimumVersion: .tls13)
        let error = try failure(TLSContext.client(settings), server)
        #expect(error == .alert(peer: "api.example", reason: "alert 70, protocol version"))
    }

    private func pin(of pem: [UInt8]) throws -> [UInt8] {
        let certificate = try PEM.certificates(pem)[0]
        defer { X509_free(certificate) }
        return try #require(Verification.publicKeyHash(of: certificate))
    }
}

/// A server's certificate that vouches for itself.
struct SelfSigned {
    let pem: [UInt8]
    let keyPEM: [UInt8]

    init(names: [String]) throws {
        let key = try #require(openssl_generate_p256())
        defer { EVP_PKEY_free(key) }
        var draft = try Draft(subject: "self", key: key, lifetime: .current)
        try draft.addNames(names)
        let certificate = try draft.sign([], issuer: nil, issuerKey: key)
        defer { X509_free(certificate) }
        pem = try PEM.text { PEM_write_bio_X509($0, certificate) }
        keyPEM = try PEM.text { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
    }
}
