import COpenSSL

/// One encrypted connection over a transport that its owner hands in: bytes in, bytes out, never waiting.
///
/// Made for edge-triggered readiness: after a short receive the connection makes no further call until
/// `socketReadable`. The descriptor stays its owner's, who closes it after this is gone.
public struct TLSConnection: ~Copyable {
    /// How far a handshake is.
    public enum Progress: Equatable, Sendable {
        case done
        case wantsRead
        case wantsWrite
    }

    /// What a read or write came to.
    public enum Transfer: Equatable, Sendable {
        case bytes(Int)
        /// Nothing until the socket is readable.
        case wantsRead
        /// Nothing until the socket is writable.
        case wantsWrite
        /// The peer has ended its side with close_notify: all it sent has been read.
        case closed
    }

    private let ssl: OpaquePointer
    private let pipe: UnsafeMutablePointer<Pipe>
    private let context: TLSContext
    private let isClient: Bool
    private var isEstablished = false
    private var isClosed = false
    /// The protocol itself failed: OpenSSL allows no further call, and the session is not to be resumed.
    private var isBroken = false
    /// close_notify was sent, or tried to be for the last time.
    private var isWritingEnded = false
    /// Nothing is buffered and the socket had no more: until `socketReadable`, a read could only answer `.wantsRead`. False where
    /// one has an end or a failure to tell.
    public private(set) var isExhausted = false
    /// Bytes given to the last write whose records the socket has not taken whole, and that the next one begins with.
    private var unsentCount = 0
    /// What the next read throws: it came after bytes that had to be delivered first, or was thrown already.
    private var failure: TLSError?

    /// A connection to a server.
    /// - Parameter serverName: what the certificate has to be valid for: a DNS name, announced by SNI, or an address.
    /// - Throws: `configuration` when it is neither.
    public init(
        client context: TLSContext, serverName: String, transport: any Transport, descriptor: Int32
    ) throws(TLSError) {
        let name = try ServerName(serverName)
        let pipe = Pipe(transport: transport, descriptor: descriptor, peer: name.text, context: context)
        (ssl, self.pipe) = try Self.open(pipe, context) { ssl in
            SSL_set_connect_state(ssl)
            guard name.demand(of: ssl) else { return false }
            guard let session = context.sessions.newest(for: name.text) else { return true }
            return SSL_set_session(ssl, session) == 1
        }
        self.context = context
        isClient = true
    }

    /// A connection from a client.
    public init(server context: TLSContext, transport: any Transport, descriptor: Int32) throws(TLSError) {
        let pipe = Pipe(transport: transport, descriptor: descriptor, peer: "client", context: context)
        (ssl, self.pipe) = try Self.open(pipe, context) { ssl in
            SSL_set_accept_state(ssl)
            return true
        }
        self.context = context
        isClient = false
    }

    private static func open(
        _ pipe: Pipe, _ context: TLSContext, _ prepare: (OpaquePointer) -> Bool
    ) throws(TLSError) -> (OpaquePointer, UnsafeMutablePointer<Pipe>) {
        defer { ErrorQueue.clear() }
        guard let ssl = SSL_new(context.pointer) else { throw .library(ErrorQueue.takeReason()) }
        let cell = UnsafeMutablePointer<Pipe>.allocate(capacity: 1)
        cell.initialize(to: pipe)
        if Pipe.attach(cell, to: ssl) && prepare(ssl) { return (ssl, cell) }
        SSL_free(ssl)
        cell.deinitialize(count: 1)
        cell.deallocate()
        throw .library(ErrorQueue.takeReason())
    }

    /// A new readable edge: forgets that the socket was drained.
    /// - Parameter peerClosed: the event said that the peer has closed, or failed. As no edge follows, reads from now
    ///   on go on until the end of the stream, rather than stop after a short one.
    public mutating func socketReadable(peerClosed: Bool = false) {
        pipe.pointee.isDrained = false
        isExhausted = false
        if peerClosed { pipe.pointee.isPeerClosed = true }
    }

    /// Goes on with the handshake. After `.done`, read once without waiting: bytes may have come with its end.
    /// - Throws: `certificate`, `alert`, `protocolFault`, `truncated`, `transport`; then again the same.
    public mutating func handshake() throws(TLSError) -> Progress {
        if isEstablished { return .done }
        if let failure { throw failure }
        begin()
        // It may make nothing of an error on its way.
        defer { ErrorQueue.clear() }
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            try checkApplicationProtocol()
            isEstablished = true
            return .done
        }
        switch Stop(ssl, result) {
        case .wantsRead: return .wantsRead
        case .wantsWrite: return .wantsWrite
        case .closed: throw fail(.truncated(peer: pipe.pointee.peer))
        case .failed(let error): throw fail(error)
        }
    }

    /// Decrypts what is there, several records at once, into a buffer that is not empty. Call it until it wants to
    /// read, or is closed. After the handshake only.
    /// - Throws: `truncated` when the stream ends without close_notify; `alert`, `protocolFault`, `transport`. What
    ///   came before is delivered first; then it throws the same again and again.
    public mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(TLSError) -> Transfer {
        precondition(isEstablished && !buffer.isEmpty, "read(into:) needs a finished handshake and room")
        if let failure { throw failure }
        if isClosed { return .closed }
        if isExhausted { return .wantsRead }
        begin()
        var total = 0
        while total < buffer.count {
            var count = 0
            let result = SSL_read_ex(ssl, buffer.baseAddress! + total, buffer.count - total, &count)
            if result == 1 {
                total += count
                if pipe.pointee.isDrained && SSL_has_pending(ssl) == 0 {
                    isExhausted = true
                    break
                }
                continue
            }
            switch Stop(ssl, result) {
            case .wantsRead:
                isExhausted = true
                return total > 0 ? .bytes(total) : .wantsRead
            case .wantsWrite:
                return total > 0 ? .bytes(total) : .wantsWrite
            case .closed:
                isClosed = true
                return total > 0 ? .bytes(total) : .closed
            case .failed(let error):
                let error = fail(error)
                if total == 0 { throw error }
                return .bytes(total)
            }
        }
        return .bytes(total)
    }

    /// Encrypts and sends as much as the socket takes. Fewer bytes than given, or `.wantsWrite`, mean that it is full;
    /// the next call has to begin with the bytes that were not taken, and may bring more after them, from any address.
    /// After the handshake only.
    /// - Throws: `transport`, `protocolFault`. What the peer sent before can still be read after `transport`.
    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(TLSError) -> Transfer {
        precondition(isEstablished, "write(_:) needs a finished handshake")
        if isBroken, let failure { throw failure }
        begin()
        var total = 0
        if unsentCount > 0 {
            precondition(bytes.count >= unsentCount, "a write begins with the bytes that were not taken")
            guard pipe.pointee.sendBacklog() else { return try blocked(0) }
            total = unsentCount
            unsentCount = 0
        }
        while total < bytes.count {
            if bytes.count - total > Limits.recordContentBytesMax {
                let (isWhole, stop) = writeGathered(bytes, &total)
                if let stop, case .failed = stop { return try stopped(stop, total) }
                guard isWhole else { return try blocked(total) }
                if let stop { return try stopped(stop, total) }
                continue
            }
            var count = 0
            let result = SSL_write_ex(ssl, bytes.baseAddress! + total, bytes.count - total, &count)
            if result == 1 {
                total += count
                continue
            }
            return try stopped(Stop(ssl, result), total)
        }
        return .bytes(total)
    }

    /// Encrypts several records, and sends them together, which brings `total` forward. Not whole when the socket has not taken all
    /// of them; `stop` says why no more were made, where something else is in the way.
    private mutating func writeGathered(_ bytes: UnsafeRawBufferPointer, _ total: inout Int) -> (isWhole: Bool, stop: Stop?) {
        // Where the records end: in the ciphertext, and in `bytes`.
        var ends: InlineArray<4, (sent: Int, taken: Int)> = .init(repeating: (0, 0))
        var recordCount = 0
        var taken = total
        var stop: Stop?
        pipe.pointee.gathering = context.gatheringBuffer
        while taken < bytes.count, recordCount < Limits.recordsOfSendMax {
            var count = 0
            // One record, or the rest of one that was made before and what is left of this length: never more than there is room for.
            let result = SSL_write_ex(ssl, bytes.baseAddress! + taken, min(bytes.count - taken, Limits.recordContentBytesMax), &count)
            guard result == 1 else {
                // The protocol has failed, or waits for the rest of a message of its own. What went before goes out for all that.
                stop = Stop(ssl, result)
                break
            }
            taken += count
            ends[recordCount] = (pipe.pointee.gatheredCount, taken)
            recordCount += 1
        }
        let gatheredCount = pipe.pointee.gatheredCount
        let sentCount = pipe.pointee.sendGathered()
        for index in 0..<recordCount where ends[index].sent <= sentCount { total = ends[index].taken }
        unsentCount = taken - total
        return (sentCount == gatheredCount, stop)
    }

    /// The socket has not taken everything that was gathered.
    private mutating func blocked(_ total: Int) throws(TLSError) -> Transfer {
        guard pipe.pointee.errorNumber == 0 else {
            throw .transport(peer: pipe.pointee.peer, errorNumber: pipe.pointee.errorNumber)
        }
        return total > 0 ? .bytes(total) : .wantsWrite
    }

    private mutating func stopped(_ stop: Stop, _ total: Int) throws(TLSError) -> Transfer {
        switch stop {
        case .wantsRead: return total > 0 ? .bytes(total) : .wantsRead
        case .wantsWrite: return total > 0 ? .bytes(total) : .wantsWrite
        case .closed: return .closed
        case .failed(let error):
            if case .transport = error { throw error }
            throw fail(error)
        }
    }

    /// Ends one half of the connection: tells the peer that nothing more will be written; reading goes on (RFC 8446 section 6.1).
    /// All that was given to `write` has to have been taken. After it there is no `write`.
    ///
    /// - Returns: `.done`; or `.wantsWrite`, to be called again when the socket is writable.
    /// - Throws: `transport`, or what broke the connection before.
    public mutating func endWriting() throws(TLSError) -> Progress {
        precondition(isEstablished, "endWriting() needs a finished handshake")
        if isWritingEnded { return .done }
        if isBroken, let failure { throw failure }
        begin()
        defer { ErrorQueue.clear() }
        // The first call sends, or leaves to the next. One too many would read.
        let result = SSL_shutdown(ssl)
        if result >= 0 {
            isWritingEnded = true
            return .done
        }
        switch Stop(ssl, result) {
        case .wantsRead, .closed: isWritingEnded = true
        case .wantsWrite: return .wantsWrite
        case .failed(let error): throw error
        }
        return .done
    }

    /// Tells the peer that nothing more will be written, if the socket takes it at once; nothing waits for an answer.
    public mutating func sendCloseNotify() {
        guard isEstablished, !isBroken, !isWritingEnded else { return }
        isWritingEnded = true
        // Behind a half-sent record it would be none.
        guard unsentCount == 0 else { return }
        begin()
        _ = SSL_shutdown(ssl)
        ErrorQueue.clear()
    }

    /// Gives back the memory for records, if none is under way: some 80 KiB, which the next read or write takes anew. For connections
    /// that rest.
    public mutating func releaseBuffers() {
        // OpenSSL before 3.0.14 frees them under a record whose header has come, and whose rest is still to come (CVE-2024-4741).
        guard isExhausted, unsentCount == 0, strcmp(SSL_rstate_string(ssl), "RH") == 0 else { return }
        _ = SSL_free_buffers(ssl)
    }

    /// The common name in the certificate that the other side showed and that was verified: visible ASCII, other characters as
    /// `?`, at most 64; nil where it showed none, or one without.
    public var peerCommonName: String? {
        guard isEstablished, SSL_get_verify_result(ssl) == X509_V_OK else { return nil }
        defer { ErrorQueue.clear() }
        return Verification.commonName(of: SSL_get0_peer_certificate(ssl))
    }

    /// Whether the handshake resumed an earlier session.
    public var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    /// Whole days for which the peer's certificate is still valid by the system's clock; nil where it has shown none.
    public var certificateDays: Int? {
        guard let certificate = SSL_get0_peer_certificate(ssl) else { return nil }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard ASN1_TIME_diff(&days, &seconds, nil, X509_get0_notAfter(certificate)) == 1 else { return nil }
        return Int(days)
    }

    /// The protocol version, such as "TLSv1.3".
    public var version: String { String(cString: SSL_get_version(ssl)) }

    private func begin() {
        ErrorQueue.assertEmpty()
        pipe.pointee.errorNumber = 0
    }

    private mutating func fail(_ error: TLSError) -> TLSError {
        switch error {
        case .transport, .truncated: break
        case .configuration, .certificate, .alert, .protocolFault, .library: isBroken = true
        }
        failure = error
        return error
    }

    /// Early releases of OpenSSL 3.0 do not check that a server selected what was offered.
    private mutating func checkApplicationProtocol() throws(TLSError) {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        let selected = UnsafeBufferPointer(start: name, count: Int(count))
        if isClient, !selected.isEmpty, !selected.elementsEqual("http/1.1".utf8) {
            let text = Verification.printable(selected)
            let reason = "it selected the protocol \"\(text)\", but http/1.1 was offered"
            throw fail(.protocolFault(peer: pipe.pointee.peer, reason: reason))
        }
    }

    deinit {
        // Otherwise OpenSSL takes the missing shutdown for a fault, and spoils the session (against RFC 5246 7.2.1).
        if !isBroken { SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN) }
        SSL_free(ssl)
        ErrorQueue.clear()
        pipe.deinitialize(count: 1)
        pipe.deallocate()
    }
}
