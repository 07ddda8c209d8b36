internal import EventLoop
internal import Wire

extension Log {
    /// What a line says behind its time, but for method and path.
    struct Line {
        let head: UnsafeBufferPointer<UInt8>
        let requestID: RequestID
        let status: Int
        let received: Int
        let sent: Int
        let durations: Durations
        let isReplayed: Bool
        let replayCount: Int
        let retryCount: Int
        let user: UInt32?
        let client: String?
        let route: String?
        let cause: Cause?
    }
}

extension Log.Line {
    func writeJSON(method: Span<UInt8>, path: Span<UInt8>, into output: inout OutputSpan<UInt8>) {
        output.appendWhole("\",\"requestId\":")
        writeRequestID(into: &output)
        output.appendWhole(",\"route\":")
        if let route { JSONText.write(route.utf8Span.span, into: &output) } else { output.appendWhole("null") }
        output.appendWhole(",\"method\":")
        JSONText.write(method, into: &output)
        output.appendWhole(",\"path\":")
        JSONText.write(path, into: &output)
        output.appendWhole(",\"status\":")
        output.appendDecimal(status)
        output.appendWhole(",\"received\":")
        output.appendDecimal(received)
        output.appendWhole(",\"sent\":")
        output.appendDecimal(sent)
        output.appendWhole(",\"microseconds\":")
        output.appendDecimal(Self.microseconds(durations.whole))
        if durations.upstream > .zero {
            output.appendWhole(",\"upstreamMicroseconds\":")
            output.appendDecimal(Self.microseconds(durations.upstream))
        }
        if durations.token > .zero || durations.queue > .zero { writeWaits(into: &output) }
        if isReplayed { output.appendWhole(",\"replayed\":true") } else { output.appendWhole(",\"replayed\":false") }
        if replayCount > 0 || retryCount > 0 { writeAttempts(into: &output) }
        if let user {
            output.appendWhole(",\"uid\":")
            output.appendDecimal(Int(user))
        }
        if let client {
            output.appendWhole(",\"client\":")
            JSONText.write(client.utf8Span.span, into: &output)
        }
        if let cause {
            output.appendWhole(",\"error\":")
            JSONText.write(cause.rawValue.utf8Span.span, into: &output)
        }
        output.appendWhole("}\n")
    }

    private static func microseconds(_ span: Interval) -> Int { Int(span.nanoseconds / 1_000) }

    @inline(never)
    private func writeWaits(into output: inout OutputSpan<UInt8>) {
        if durations.token > .zero {
            output.appendWhole(",\"tokenMicroseconds\":")
            output.appendDecimal(Self.microseconds(durations.token))
        }
        if durations.queue > .zero {
            output.appendWhole(",\"queueMicroseconds\":")
            output.appendDecimal(Self.microseconds(durations.queue))
        }
    }

    @inline(never)
    private func writeAttempts(into output: inout OutputSpan<UInt8>) {
        if replayCount > 0 {
            output.appendWhole(",\"replays\":")
            output.appendDecimal(replayCount)
        }
        if retryCount > 0 {
            output.appendWhole(",\"retries\":")
            output.appendDecimal(retryCount)
        }
    }

    /// A client's may have quotation marks in it.
    private func writeRequestID(into output: inout OutputSpan<UInt8>) {
        if let range = requestID.clientRange {
            JSONText.write(head.span.extracting(range), into: &output)
        } else {
            output.appendWhole("\"")
            requestID.write(head: head, into: &output)
            output.appendWhole("\"")
        }
    }

    func writeText(method: Span<UInt8>, path: Span<UInt8>, into output: inout OutputSpan<UInt8>) {
        output.appendWhole(" ")
        requestID.write(head: head, into: &output)
        output.appendWhole(" ")
        if let route { output.appendWhole(route.utf8Span.span) } else { output.appendWhole("-") }
        output.appendWhole(" ")
        output.appendWhole(method)
        output.appendWhole(" ")
        output.appendWhole(path)
        output.appendWhole(" ")
        output.appendDecimal(status)
        output.appendWhole(" ")
        output.appendDecimal(received)
        output.appendWhole(" ")
        output.appendDecimal(sent)
        output.appendWhole(" ")
        output.appendDecimal(Self.microseconds(durations.whole))
        output.appendWhole("us")
        if isReplayed { output.appendWhole(" replayed") }
        if let user {
            output.appendWhole(" uid=")
            output.appendDecimal(Int(user))
        }
        if let client {
            output.appendWhole(" client=")
            JSONText.write(client.utf8Span.span, into: &output)
        }
        writeTimesAsText(into: &output)
        if let cause {
            output.appendWhole(" ")
            output.appendWhole(cause.rawValue.utf8Span.span)
        }
        output.appendWhole("\n")
    }

    private func writeTimesAsText(into output: inout OutputSpan<UInt8>) {
        if durations.upstream > .zero {
            output.appendWhole(" upstream=")
            output.appendDecimal(Self.microseconds(durations.upstream))
            output.appendWhole("us")
        }
        if durations.token > .zero {
            output.appendWhole(" token=")
            output.appendDecimal(Self.microseconds(durations.token))
            output.appendWhole("us")
        }
        if durations.queue > .zero {
            output.appendWhole(" queue=")
            output.appendDecimal(Self.microseconds(durations.queue))
            output.appendWhole("us")
        }
        if replayCount > 0 {
            output.appendWhole(" replays=")
            output.appendDecimal(replayCount)
        }
        if retryCount > 0 {
            output.appendWhole(" retries=")
            output.appendDecimal(retryCount)
        }
    }
}
