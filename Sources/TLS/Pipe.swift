import COpenSSL

/// What OpenSSL's reads and writes of one connection reach: the heap cell behind its BIO.
///
/// Allocated rather than an object: OpenSSL's callbacks get its address, and touch it without exclusivity checks.
struct Pipe {
    let transport: any Transport
    let descriptor: Int32
    /// Who is at the other end, for messages; for a client also the key of its session.
    let peer: String
    /// The connection keeps the context alive.
    let context: Unmanaged<TLSContext>

    /// The last receive was short: another would block, so none is made until the next readable edge.
    var isDrained = false
    /// The peer has closed its side: no edge comes any more, so only the end or EAGAIN tells that all was read.
    var isPeerClosed = false
    /// The stream has ended.
    var isEnded = false
    /// Why the transport failed, since the operation began; 0: it did not.
    var errorNumber: Int32 = 0
    /// Sends are gathered here; nil: they are made as they come.
    var gathering: UnsafeMutableRawBufferPointer?
    /// Bytes that were gathered.
    var gatheredCount = 0
    /// Gathered bytes that the socket has not taken: they go before any others.
    private var backlog: [UInt8] = []
    private var backlogSentCount = 0
    /// Why the server's certificate was refused.
    var certificateFault: String?

    init(transport: any Transport, descriptor: Int32, peer: String, context: TLSContext) {
        self.transport = transport
        self.descriptor = descriptor
        self.peer = peer
        self.context = Unmanaged.passUnretained(context)
    }

    /// The pipe that `attach` gave to this connection.
    static func of(_ ssl: OpaquePointer) -> UnsafeMutablePointer<Pipe> {
        SSL_get_ex_data(ssl, 0).assumingMemoryBound(to: Pipe.self)
    }

    /// Makes `ssl` read and write through `pipe`, which has to outlive it. False when memory is short.
    static func attach(_ pipe: UnsafeMutablePointer<Pipe>, to ssl: OpaquePointer) -> Bool {
        guard SSL_set_ex_data(ssl, 0, pipe) == 1, let bio = BIO_new(method) else { return false }
        BIO_set_data(bio, pipe)
        SSL_set_bio(ssl, bio, bio)
        return true
    }

    private mutating func receive(_ bio: OpaquePointer, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        openssl_bio_clear_retry(bio)
        if isEnded { return 0 }
        if isDrained {
            openssl_bio_retry_read(bio)
            return 0
        }
        var count = transport.receive(descriptor, into: buffer)
        while count == -openssl_errno_interrupted {
            count = transport.receive(descriptor, into: buffer)
        }
        if count > 0 {
            isDrained = count < buffer.count && !isPeerClosed
            return count
        }
        if count == 0 {
            isEnded = true
        } else if count == -openssl_errno_would_block {
            isDrained = true
            openssl_bio_retry_read(bio)
        } else {
            errorNumber = Int32(truncatingIfNeeded: -count)
        }
        return 0
    }

    private mutating func send(_ bio: OpaquePointer, from bytes: UnsafeRawBufferPointer) -> Int {
        openssl_bio_clear_retry(bio)
        if let gathering {
            precondition(bytes.count <= gathering.count - gatheredCount, "the room for the records of a send was measured before")
            UnsafeMutableRawBufferPointer(rebasing: gathering[gatheredCount...]).copyMemory(from: bytes)
            gatheredCount += bytes.count
            return bytes.count
        }
        let count = sendBacklog() ? sendOnce(bytes) : 0
        if count == 0, errorNumber == 0 { openssl_bio_retry_write(bio) }
        return count
    }

    /// Hands bytes to the transport: how many it took. 0: it takes none now, or has failed, which `errorNumber` tells.
    private mutating func sendOnce(_ bytes: UnsafeRawBufferPointer) -> Int {
        var count = transport.send(descriptor, from: bytes)
        while count == -openssl_errno_interrupted {
            count = transport.send(descriptor, from: bytes)
        }
        if count < 0, count != -openssl_errno_would_block { errorNumber = Int32(truncatingIfNeeded: -count) }
        return max(0, count)
    }

    /// Sends what was gathered: how much of it the socket took. The rest goes before whatever is sent next.
    mutating func sendGathered() -> Int {
        guard let gathered = gathering?.prefix(gatheredCount) else { return 0 }
        gathering = nil
        gatheredCount = 0
        var sentCount = 0
        while sentCount < gathered.count {
            let count = sendOnce(UnsafeRawBufferPointer(rebasing: gathered[sentCount...]))
            guard count > 0 else { break }
            sentCount += count
        }
        if sentCount < gathered.count { backlog = Array(gathered[sentCount...]) }
        return sentCount
    }

    /// Whether the rest of what was gathered has been sent.
    mutating func sendBacklog() -> Bool {
        while !backlog.isEmpty {
            let bytes = backlog
            let count = bytes.withUnsafeBytes { sendOnce(UnsafeRawBufferPointer(rebasing: $0[backlogSentCount...])) }
            guard count > 0 else { return false }
            backlogSentCount += count
            guard backlogSentCount == bytes.count else { continue }
            backlog = []
            backlogSentCount = 0
        }
        return true
    }

    /// Made once and never freed: every connection's BIO refers to it.
    nonisolated(unsafe) private static let method: OpaquePointer = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "transport") else {
            preconditionFailure("OpenSSL has no memory for its first object")
        }
        BIO_meth_set_read_ex(method) { bio, start, count, received in
            let bytes = UnsafeMutableRawBufferPointer(start: start, count: count)
            received!.pointee = Pipe.behind(bio!).pointee.receive(bio!, into: bytes)
            return received!.pointee > 0 ? 1 : 0
        }
        BIO_meth_set_write_ex(method) { bio, start, count, sent in
            let bytes = UnsafeRawBufferPointer(start: start, count: count)
            sent!.pointee = Pipe.behind(bio!).pointee.send(bio!, from: bytes)
            // Not 0: SSL_shutdown takes that for success when it tries an alert once more.
            return sent!.pointee > 0 ? 1 : -1
        }
        // Not even BIO_CTRL_EOF is answered: an end without close_notify is then no fatal fault to OpenSSL, which
        // would send an alert and spoil the session; we report it as truncated ourselves.
        BIO_meth_set_ctrl(method) { _, command, _, _ in
            command == BIO_CTRL_FLUSH ? 1 : 0
        }
        return method
    }()

    private static func behind(_ bio: OpaquePointer) -> UnsafeMutablePointer<Pipe> {
        BIO_get_data(bio).assumingMemoryBound(to: Pipe.self)
    }
}
