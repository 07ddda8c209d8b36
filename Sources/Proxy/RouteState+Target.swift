internal import Credentials
internal import EventLoop
internal import Wire

// The request line for the upstream.

extension RouteState {
    /// Whether the line goes upstream as the client wrote it.
    @inline(__always)
    func keepsLine(of requestHead: borrowing RequestHead) -> Bool {
        keepsTarget && requestHead.target.form == .origin && requestHead.minorVersion == 1
    }

    /// Writes the line of a request that does not keep its own: with the base path in place of a prefix that is taken off.
    ///
    /// - Parameters:
    ///   - head: what was parsed.
    ///   - parameter: of a route with `socketIOToken`, what its Socket.IO requests get in front of their query.
    func writeRequestLine(
        _ requestHead: borrowing RequestHead, _ head: UnsafeBufferPointer<UInt8>, parameter: Secret?, into output: inout Buffer
    ) {
        let target = requestHead.target
        output.appendWhole(UnsafeBufferPointer(rebasing: head[requestHead.methodRange]))
        output.appendWhole(" ")
        // An absolute-form of OPTIONS that has neither path nor query means the server as a whole (RFC 9112, section 3.2.4).
        let isServerWide = target.form == .asterisk || requestHead.method == .options && target.pathAndQuery.isEmpty
        if isServerWide {
            output.appendWhole("*")
        } else {
            var path = target.pathAndQuery
            if configuration.stripPrefix {
                // What is left begins with a slash: that of the prefix, if nothing else.
                let prefix = configuration.pathPrefix
                path = path.lowerBound + (prefix.last == UInt8(ascii: "/") ? prefix.count - 1 : prefix.count)..<path.upperBound
            }
            let start = output.count
            output.appendWhole(basePath)
            if path.isEmpty || head[path.lowerBound] != UInt8(ascii: "/") { output.appendWhole("/") }
            if let parameter {
                output.appendWhole(UnsafeBufferPointer(rebasing: head[path.lowerBound..<target.path.upperBound]))
                writeQuery(requestHead, head, parameter, pathStart: start, into: &output)
            } else {
                output.appendWhole(UnsafeBufferPointer(rebasing: head[path]))
            }
        }
        output.appendWhole(" HTTP/1.1\r\n")
    }

    /// On a route with `socketIOToken`, behind the path: the client's own `token` never travels, and a Socket.IO request has
    /// the credential's.
    private func writeQuery(
        _ requestHead: borrowing RequestHead, _ head: UnsafeBufferPointer<UInt8>, _ parameter: Secret, pathStart: Int,
        into output: inout Buffer
    ) {
        let written = output.bytes
        let isSocketIO = PathSegments.areOfSocketIO(written.span, pathStart..<written.count)
            || PathSegments.areOfSocketIO(written.span, pathStart + basePath.count..<written.count)
        if isSocketIO {
            output.appendWhole("?")
            parameter.withBytes { bytes in bytes.withUnsafeBufferPointer { output.appendWhole($0) } }
        }
        guard let query = requestHead.target.query else { return }
        let fits = output.append { Self.tokenFilter.write(head.span, query, isContinued: isSocketIO, into: &$0) }
        precondition(fits, "the room for a head was measured before")
    }

    private static let tokenFilter = QueryFilter(removing: "token")
}
