import COpenSSL

/// What the connections of one side share: trust, keys, protocol versions, and the sessions to resume.
///
/// A context and its connections belong to one thread; each thread makes its own.
public final class TLSContext {
    let pointer: OpaquePointer
    let pins: [[UInt8]]
    var sessions = SessionCache()
    /// Where a write of several records gathers their ciphertext for one send; nothing stays in it behind the write.
    var gatheringBuffer: UnsafeMutableRawBufferPointer {
        if let gatheringMemory { return gatheringMemory }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Limits.gatheringBufferBytes, alignment: 16)
        gatheringMemory = memory
        return memory
    }
    private var gatheringMemory: UnsafeMutableRawBufferPointer?

    private init(_ method: OpaquePointer?, pins: [[UInt8]] = []) throws(TLSError) {
        ErrorQueue.clear()
        guard let pointer = SSL_CTX_new(method) else { throw .library(ErrorQueue.takeReason()) }
        self.pointer = pointer
        self.pins = pins
        try applyCommonSettings()
    }

    /// For connections to servers, whose certificate is always verified. Offers http/1.1 and TLS 1.2 or later.
    /// - Throws: `configuration` when a file or PEM text is unusable, or a pin is not 32 bytes long.
    public static func client(_ settings: ClientSettings) throws(TLSError) -> TLSContext {
        defer { ErrorQueue.clear() }
        if let pin = settings.pins.first(where: { $0.count != 32 }) {
            throw .configuration("a pin has \(pin.count) bytes; a SHA-256 has 32")
        }
        let context = try TLSContext(TLS_client_method(), pins: settings.pins)
        if settings.minimumVersion == .tls13 {
            try context.require(openssl_set_minimum_version(context.pointer, TLS1_3_VERSION) == 1)
        }
        try context.load(settings.trust)
        try context.loadClientCertificate(settings)
        try context.require(SSL_CTX_set_alpn_protos(context.pointer, applicationProtocols, 9) == 0)
        SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
        SSL_CTX_set_cert_verify_callback(context.pointer, { store, _ in Verification.verify(store!) }, nil)
        context.keepSessions()
        return context
    }

    /// For connections from clients, who are not asked for a certificate. Selects http/1.1; issues session tickets.
    /// - Parameter certificateChainPEM: the leaf first, then its intermediates.
    /// - Throws: `configuration` when the texts are unusable or do not belong together.
    public static func server(
        certificateChainPEM: [UInt8], privateKeyPEM: [UInt8]
    ) throws(TLSError) -> TLSContext {
        defer { ErrorQueue.clear() }
        let context = try TLSContext(TLS_server_method())
        let chain = try PEM.certificates(certificateChainPEM)
        defer { chain.forEach(X509_free) }
        let key = try PEM.privateKey(privateKeyPEM)
        defer { EVP_PKEY_free(key) }
        guard SSL_CTX_use_certificate(context.pointer, chain[0]) == 1,
            chain.dropFirst().allSatisfy({ openssl_add_chain_certificate(context.pointer, $0) == 1 }),
            SSL_CTX_use_PrivateKey(context.pointer, key) == 1
        else {
            throw .configuration("certificate and key cannot be used: \(ErrorQueue.takeReason())")
        }
        context.serve()
        return context
    }

    /// For connections from clients, with files in place of texts, and with a demand for certificates of theirs where the
    /// settings say so. Such a client's certificate is verified on each connection: no session of it is resumed. Others are in
    /// TLS 1.3, and not in 1.2, whose tickets would undo forward secrecy (RFC 9325, section 3.4).
    /// - Throws: `configuration` when a file is unusable, or certificate and key do not belong together.
    public static func server(_ settings: ServerSettings) throws(TLSError) -> TLSContext {
        defer { ErrorQueue.clear() }
        let context = try TLSContext(TLS_server_method())
        if settings.minimumVersion == .tls13 {
            try context.require(openssl_set_minimum_version(context.pointer, TLS1_3_VERSION) == 1)
        }
        try context.load(
            certificateFile: settings.certificateFile, keyFile: settings.keyFile, certificateName: "certificate", keyName: "key")
        context.serve()
        openssl_resume_only_1_3(context.pointer)
        // Strangers hold as many connections as they like: idle ones give their buffers back, and none reads ahead by more
        // than a record.
        openssl_set_mode(context.pointer, Int(SSL_MODE_RELEASE_BUFFERS))
        SSL_CTX_set_default_read_buffer_len(context.pointer, Limits.recordBytesMax)
        if let file = settings.clientAuthorityFile { try context.demandCertificates(of: file) }
        return context
    }

    /// Takes over what another server's tickets are made with, so that sessions are resumed by either: a client's next connection may come
    /// to another thread. Before either has connections.
    /// - Throws: `library` when OpenSSL cannot do that.
    public func shareTickets(with other: TLSContext) throws(TLSError) {
        ErrorQueue.clear()
        try require(openssl_share_ticket_keys(other.pointer, pointer) == 1)
    }

    private func serve() {
        SSL_CTX_set_alpn_select_cb(pointer, selectProtocol, nil)
        // Tickets hold the sessions: nothing is kept here.
        openssl_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
    }

    /// Refuses every client without a certificate of these authorities.
    private func demandCertificates(of file: String) throws(TLSError) {
        try load(.file(file))
        ErrorQueue.clear()
        guard let names = SSL_load_client_CA_file(file) else {
            throw .configuration("\(file): certificates cannot be read: \(ErrorQueue.takeReason()); expected PEM")
        }
        SSL_CTX_set_client_CA_list(pointer, names)
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        SSL_CTX_set_cert_verify_callback(pointer, { store, _ in Verification.verify(store!) }, nil)
        // A resumption would not look at the certificate again, which may have expired since.
        openssl_refuse_resumption(pointer)
    }

    /// The version of OpenSSL that is in use, such as "OpenSSL 3.0.19 27 Jan 2026".
    public static var versionDescription: String {
        String(cString: OpenSSL_version(OPENSSL_VERSION))
    }

    private func applyCommonSettings() throws(TLSError) {
        openssl_harden(pointer)
        openssl_set_mode(pointer, Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))
        // Releasing idle buffers would cost 7 % more instructions per request, and save 10 kB per idle connection.
        openssl_clear_mode(pointer, Int(SSL_MODE_RELEASE_BUFFERS))
        openssl_set_read_ahead(pointer)
        SSL_CTX_set_default_read_buffer_len(pointer, Limits.ciphertextBufferBytes)
        SSL_CTX_set_default_passwd_cb(pointer, PEM.refusePassphrase)
        // AES-128 first, which is the cheapest with hardware support; forward secrecy and AEAD only (RFC 9325 4.2).
        let suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
        try require(SSL_CTX_set_ciphersuites(pointer, suites) == 1)
        try require(SSL_CTX_set_cipher_list(pointer, "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:!aNULL:!PSK") == 1)
        try require(openssl_set_minimum_version(pointer, TLS1_2_VERSION) == 1)
    }

    private func load(_ trust: ClientSettings.Trust) throws(TLSError) {
        ErrorQueue.clear()
        if case .system = trust {
            try require(SystemTrust.store != nil)
            return SSL_CTX_set1_cert_store(pointer, SystemTrust.store)
        }
        // The operator chose these certificates: each is an anchor, also an intermediate or a server's own.
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(pointer), UInt(X509_V_FLAG_PARTIAL_CHAIN))
        switch trust {
        case .system:
            return
        case .file(let path):
            guard SSL_CTX_load_verify_file(pointer, path) == 1 else {
                throw .configuration("\(path): certificates cannot be read: \(ErrorQueue.takeReason()); expected PEM")
            }
        case .pem(let text):
            let certificates = try PEM.certificates(text)
            defer { certificates.forEach(X509_free) }
            let store = SSL_CTX_get_cert_store(pointer)
            try require(certificates.allSatisfy { X509_STORE_add_cert(store, $0) == 1 })
        }
    }

    private func loadClientCertificate(_ settings: ClientSettings) throws(TLSError) {
        guard let certificateFile = settings.clientCertificateFile else {
            if let keyFile = settings.clientKeyFile {
                throw .configuration("\(keyFile): a client key without a client certificate")
            }
            return
        }
        try load(
            certificateFile: certificateFile, keyFile: settings.clientKeyFile ?? certificateFile,
            certificateName: "client certificate", keyName: "client key")
    }

    private func load(
        certificateFile: String, keyFile: String, certificateName: String, keyName: String
    ) throws(TLSError) {
        ErrorQueue.clear()
        guard SSL_CTX_use_certificate_chain_file(pointer, certificateFile) == 1 else {
            let reason = ErrorQueue.takeReason()
            throw .configuration("\(certificateFile): the \(certificateName) cannot be read: \(reason); expected PEM")
        }
        guard SSL_CTX_use_PrivateKey_file(pointer, keyFile, SSL_FILETYPE_PEM) == 1 else {
            let expected = "expected PEM, not encrypted, of \(certificateFile)"
            throw .configuration("\(keyFile): the \(keyName) cannot be used: \(ErrorQueue.takeReason()); \(expected)")
        }
    }

    /// Keeps each server's newest session. In TLS 1.3 they arrive with the first reads after the handshake.
    private func keepSessions() {
        openssl_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL))
        SSL_CTX_sess_set_new_cb(pointer) { ssl, session in
            defer { ErrorQueue.clear() }
            let pipe = Pipe.of(ssl!)
            pipe.pointee.context._withUnsafeGuaranteedRef { context in
                context.sessions.store(session!, for: pipe.pointee.peer)
            }
            return 1
        }
    }

    private func require(_ isDone: Bool) throws(TLSError) {
        if !isDone { throw .library(ErrorQueue.takeReason()) }
    }

    deinit {
        SSL_CTX_free(pointer)
        gatheringMemory?.deallocate()
    }
}

/// http/1.1 in the form of RFC 7301 3.1: each name after its length.
private let applicationProtocols: [UInt8] = [8] + Array("http/1.1".utf8)

/// A client that offers protocols, but not http/1.1, is refused (RFC 7301 3.2).
private let selectProtocol: @convention(c) (
    OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<UInt8>?,
    UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
) -> Int32 = { _, selected, selectedCount, offered, offeredCount, _ in
    var position = 0
    while let offered, position < Int(offeredCount) {
        let name = UnsafeBufferPointer(start: offered + position + 1, count: Int(offered[position]))
        if name.elementsEqual(applicationProtocols.dropFirst()) {
            selected!.pointee = name.baseAddress
            selectedCount!.pointee = UInt8(name.count)
            return SSL_TLSEXT_ERR_OK
        }
        position += 1 + name.count
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}
