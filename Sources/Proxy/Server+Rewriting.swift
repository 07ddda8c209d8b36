internal import EventLoop
internal import Wire

// What a response's head says differently to the client: where things are.

extension Server {
    /// Bytes by which the client's head may be longer than the upstream's.
    func headGrowth(_ downstream: Handle<Downstream>) -> Int {
        if !responseHead.mayNameUpstream { return 0 }
        let route = routes[downstreams[downstream].exchange.route]
        return responseHead.growthMax(route.addressMap, addressCount: clientAddress(downstream).count)
    }

    /// Writes the field lines of a head that may name the upstream, for which there has to be room.
    func writeRewrittenFields(_ downstream: Handle<Downstream>, _ head: UnsafeBufferPointer<UInt8>) {
        let route = routes[downstreams[downstream].exchange.route]
        let address = clientAddress(downstream)
        let fits = downstreams[downstream].output.append { output in
            responseHead.writeRewrittenFields(
                from: head.span, except: route.responseFilter, map: route.addressMap, address: address.span, weakensTags: false,
                into: &output)
        }
        precondition(fits, "the room for a head was measured before")
    }

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
