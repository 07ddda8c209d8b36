internal import Credentials
internal import EventLoop
internal import Glibc
internal import Wire

// What an answer repeats of the token that the request had: asterisks take its place, as many as it has bytes, so every
// length stays right. Nothing else of an answer is touched.
//
// In a content, a token may be cut in two by what arrives together. A beginning of `Limits.heldBackBytesMin` bytes waits for
// what follows it, which no event of a stream has at its end; a shorter one goes on at once, and only the rest is hidden then.

extension Server {
    /// The request is about to be sent with this route's present token: it is looked for in what comes back, as are those of
    /// the attempts before.
    func hideToken(of route: RouteState, generation: UInt64, from downstream: Handle<Downstream>) {
        guard let search = route.search(generation: generation) else { return }
        guard let former = downstreams[downstream].exchange.search else {
            downstreams[downstream].exchange.search = search
            return
        }
        if former !== search { downstreams[downstream].exchange.search = route.credential.search(of: former, and: search) }
    }

    /// For lines of a head or of trailers, which are there as a whole. They stand in a buffer of the upstream's connection.
    func hideToken(in lines: UnsafeBufferPointer<UInt8>, from downstream: Handle<Downstream>) {
        guard let search = heldSearch(downstream) else { return }
        _ = search._withUnsafeGuaranteedRef { Self.hide($0, in: UnsafeMutableBufferPointer(mutating: lines)) }
    }

    /// Not counted as a reference: the exchange has one.
    @inline(__always)
    private func heldSearch(_ downstream: Handle<Downstream>) -> Unmanaged<SecretSearch>? {
        guard let search = downstreams[downstream].exchange.search else { return nil }
        return .passUnretained(search)
    }

    /// Whether the content of the head in `responseHead`, the first `headCount` bytes of the upstream's input, can be looked at.
    /// What is coded cannot, unless it is inflated.
    func isContentLegible(_ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>, _ headCount: Int) -> Bool {
        guard downstreams[downstream].exchange.search != nil else { return false }
        if !responseHead.hasContentCoding || downstreams[downstream].exchange.inflater != nil { return true }
        return responseHead.hasPlainContent(upstreams[upstream].input.bytes.span.extracting(first: headCount))
    }

    /// The next piece of the content, which stands in a buffer of the proxy's, without the token; all but what has to wait.
    func deliver(_ content: UnsafeBufferPointer<UInt8>, _ downstream: Handle<Downstream>, _ coding: Exchange.ResponseCoding) {
        if downstreams[downstream].exchange.isContentLegible, !downstreams[downstream].exchange.heldBack.isEmpty,
            let search = downstreams[downstream].exchange.search
        {
            deliverJoined(content, downstream, coding, search)
            return
        }
        let heldCount = hide(in: content, downstream)
        pass(UnsafeBufferPointer(rebasing: content.dropLast(heldCount)), downstream, coding)
    }

    /// Hides the token in the next piece of the content, before which nothing was held back. How many of its last bytes wait: they
    /// are kept, and no longer stand there.
    func hide(in content: UnsafeBufferPointer<UInt8>, _ downstream: Handle<Downstream>) -> Int {
        guard downstreams[downstream].exchange.isContentLegible, let search = heldSearch(downstream) else { return 0 }
        let tailCount = search._withUnsafeGuaranteedRef { Self.hide($0, in: UnsafeMutableBufferPointer(mutating: content)) }
        guard tailCount > 0 else { return 0 }
        let heldCount = holdBack(UnsafeBufferPointer(rebasing: content.suffix(tailCount)), downstream, sentCount: 0)
        // The buffer becomes another's.
        Self.wipe(UnsafeBufferPointer(rebasing: content.suffix(heldCount)))
        return heldCount
    }

    /// Behind what may be the beginning of the token.
    private func deliverJoined(
        _ content: UnsafeBufferPointer<UInt8>, _ downstream: Handle<Downstream>, _ coding: Exchange.ResponseCoding, _ search: SecretSearch
    ) {
        var joined: [UInt8] = []
        joined.reserveCapacity(downstreams[downstream].exchange.heldBack.count + content.count)
        joined.append(contentsOf: downstreams[downstream].exchange.heldBack)
        joined.append(contentsOf: content)
        Self.wipe(content)
        let sentCount = downstreams[downstream].exchange.heldBackSentCount
        wipeHeldBack(downstream)
        joined.withUnsafeMutableBufferPointer { joined in
            let tailCount = Self.hide(search, in: joined)
            let tailStart = joined.count - tailCount
            let bytes = UnsafeBufferPointer(joined)
            var end = joined.count
            if tailCount > 0 {
                end -= holdBack(UnsafeBufferPointer(rebasing: bytes[tailStart...]), downstream, sentCount: max(0, sentCount - tailStart))
            }
            pass(UnsafeBufferPointer(rebasing: bytes[sentCount..<end]), downstream, coding)
            Self.wipe(bytes)
        }
    }

    /// Keeps the end of a content, of which so much has been sent. How many of its bytes wait.
    private func holdBack(_ tail: UnsafeBufferPointer<UInt8>, _ downstream: Handle<Downstream>, sentCount: Int) -> Int {
        downstreams[downstream].exchange.heldBack = Array(tail)
        downstreams[downstream].exchange.heldBackSentCount = tail.count < Limits.heldBackBytesMin ? tail.count : sentCount
        return tail.count - downstreams[downstream].exchange.heldBackSentCount
    }

    /// The content has ended, so what was held back was no whole token; much of one is hidden all the same. False when the client has to take something first.
    func releaseHeldBack(_ downstream: Handle<Downstream>) -> Bool {
        let count = downstreams[downstream].exchange.heldBack.count
        let sentCount = downstreams[downstream].exchange.heldBackSentCount
        guard sentCount < count else { return true }
        lendOutput(downstream)
        let coding = downstreams[downstream].exchange.responseCoding
        guard contentRoom(downstream, coding) != nil else { return false }
        var rest: [UInt8] = []
        swap(&rest, &downstreams[downstream].exchange.heldBack)
        downstreams[downstream].exchange.heldBackSentCount = 0
        if let search = downstreams[downstream].exchange.search {
            var span = rest.mutableSpan
            search.hideCut(in: &span)
        }
        rest.withUnsafeMutableBufferPointer { rest in
            pass(UnsafeBufferPointer(rebasing: UnsafeBufferPointer(rest)[sentCount...]), downstream, coding)
            Self.wipe(UnsafeBufferPointer(rest))
        }
        return true
    }

    /// Nothing waits any more.
    func wipeHeldBack(_ downstream: Handle<Downstream>) {
        downstreams[downstream].exchange.heldBack.withUnsafeMutableBufferPointer { Self.wipe(UnsafeBufferPointer($0)) }
        downstreams[downstream].exchange.heldBack = []
        downstreams[downstream].exchange.heldBackSentCount = 0
    }

    /// Whatever the compiler thinks of it. The bytes stand in memory of the proxy's.
    private static func wipe(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let base = bytes.baseAddress else { return }
        explicit_bzero(UnsafeMutablePointer(mutating: base), bytes.count)
    }

    private static func hide(_ search: SecretSearch, in bytes: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var span = MutableSpan(_unsafeElements: bytes)
        return search.hide(in: &span)
    }
}
