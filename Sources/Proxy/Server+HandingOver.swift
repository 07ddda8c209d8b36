internal import EventLoop

// A long piece of content: the buffer that it was decrypted into becomes what the client is to be sent, so nothing is copied.

extension Server {
    /// Passes on a piece of content that is all there is in `input`, with the memory that it stands in; what was to be sent before
    /// it, such as its head, is put in front. False where that cannot be done: nothing has happened then.
    func handOver(_ step: BodyReader.Step, _ upstream: Handle<Upstream>, _ downstream: Handle<Downstream>) -> Bool {
        guard step.content.count >= Limits.handOverBytesMin, step.content.upperBound == upstreams[upstream].input.count,
            downstreams[downstream].exchange.responseCoding == .identity, downstreams[downstream].exchange.heldBack.isEmpty,
            downstreams[downstream].output.count <= upstreams[upstream].input.consumedCount + step.content.lowerBound
        else { return false }
        upstreams[upstream].input.consume(step.content.lowerBound)
        let heldCount = hide(in: upstreams[upstream].input.bytes, downstream)
        upstreams[upstream].input.removeLast(heldCount)
        downstreams[downstream].exchange.sentCount += upstreams[upstream].input.count
        upstreams[upstream].input.prepend(downstreams[downstream].output.bytes)
        downstreams[downstream].output.removeAll()
        swap(&upstreams[upstream].input, &downstreams[downstream].output)
        // A head waits, to be taken back if the upstream fails at once.
        if !downstreams[downstream].exchange.isResponseHeld { _ = flush(downstream) }
        return true
    }
}
