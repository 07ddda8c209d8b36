internal import EventLoop
internal import Wire

// What a response's head says differently to the client: where things are, and how its content is coded.

extension Server {
    /// Whether the head in `responseHead` can go to the client as it is, but for what belongs to one connection.
    @inline(__always)
    func isHeadPlain(_ downstream: Handle<Downstream>) -> Bool {
        !responseHead.mayNameUpstream && !downstreams[downstream].exchange.asksForGzip && !downstreams[downstream].exchange.isInflated
    }

    /// Bytes by which the client's head may be longer than the upstream's.
    func headGrowth(_ downstream: Handle<Downstream>) -> Int {
        let route = routes[downstreams[downstream].exchange.route]
        let timingCount = route.configuration.serverTiming ? ServerTiming.countMax : 0
        if isHeadPlain(downstream) { return timingCount }
        let address = clientAddress(downstream)
        return timingCount + responseHead.growthMax(route.addressMap, addressCount: address.count) + Self.varyLine.utf8CodeUnitCount
    }

    /// Writes the status line and the field lines of a head that is not plain, for which there has to be room.
    func writeRewrittenFields(_ downstream: Handle<Downstream>, _ head: UnsafeBufferPointer<UInt8>) {
        let route = routes[downstreams[downstream].exchange.route]
        let isInflated = downstreams[downstream].exchange.isInflated
        let address = clientAddress(downstream)
        let fits = downstreams[downstream].output.append { output in
            responseHead.writeStatusLine(from: head.span, into: &output)
            return responseHead.writeRewrittenFields(
                from: head.span, except: isInflated ? route.inflatedResponseFilter : route.responseFilter,
                map: route.addressMap, address: address.span, weakensTags: isInflated, into: &output)
        }
        precondition(fits, "the room for a head was measured before")
        let mayVary = downstreams[downstream].exchange.asksForGzip && responseHead.status >= 200
        if mayVary, !responseHead.variesByAcceptEncoding(head.span) {
            downstreams[downstream].output.appendWhole(Self.varyLine)
        }
    }

    private static var varyLine: StaticString { "Vary: Accept-Encoding\r\n" }

    /// The authority that the client used, where the response has a reference to be rewritten; empty if it named none,
    /// as a client of HTTP/1.0 may.
    private func clientAddress(_ downstream: Handle<Downstream>) -> UnsafeBufferPointer<UInt8> {
        guard responseHead.first(.location) != nil else { return UnsafeBufferPointer(start: nil, count: 0) }
        parseKeptHead(downstream)
        guard let range = requestHead.target.authority ?? requestHead.first(.host)?.valueRange else {
            return UnsafeBufferPointer(start: nil, count: 0)
        }
        return UnsafeBufferPointer(rebasing: downstreams[downstream].exchange.copy.head[range])
    }
}
