extension RequestHead {
    /// Copies the field lines into `output`, in order and byte for byte, for the next hop.
    ///
    /// Left out are: the fields of one connection (RFC 9110 section 7.6.1: Connection and every field it names,
    /// Keep-Alive, Proxy-Connection, TE, Trailer, Transfer-Encoding, Upgrade, HTTP2-Settings, Proxy-Authenticate,
    /// Proxy-Authorization), Content-Length, for the caller writes the framing itself, and those of `filter`; all of
    /// them also when spelled with `_` for `-`. Connection cannot name Host away: that is for `filter` alone.
    ///
    /// - Parameter bytes: the bytes that were parsed.
    /// - Returns: false if there is no room; `output` may then hold a part of the lines.
    public func writeFields(
        from bytes: Span<UInt8>, except filter: borrowing FieldFilter, into output: inout OutputSpan<UInt8>
    ) -> Bool {
        fields.write(from: bytes, except: filter, into: &output)
    }
}

extension ResponseHead {
    /// Writes the status line, in the version that this product speaks.
    public func writeStatusLine(from bytes: Span<UInt8>, into output: inout OutputSpan<UInt8>) {
        output.appendWhole("HTTP/1.1 ")
        output.appendDecimal(status)
        output.appendWhole(" ")
        output.appendWhole(bytes.extracting(reason))
        output.appendWhole("\r\n")
    }

    /// Writes the status line, and the field lines as `writeFields` does.
    public func write(
        from bytes: Span<UInt8>, except filter: borrowing FieldFilter, into output: inout OutputSpan<UInt8>
    ) -> Bool {
        // An upstream's own status line, where it is spelled as it would be written, is the beginning of a run.
        let keepsLine = minorVersion == 1 && reason.lowerBound == Version.count + 5
        if !keepsLine { writeStatusLine(from: bytes, into: &output) }
        return fields.write(from: bytes, startingAt: keepsLine ? 0 : nil, except: filter, into: &output)
    }

    /// Copies the field lines into `output`, in order and byte for byte, for the client; see `RequestHead.writeFields`.
    public func writeFields(
        from bytes: Span<UInt8>, except filter: borrowing FieldFilter, into output: inout OutputSpan<UInt8>
    ) -> Bool {
        fields.write(from: bytes, except: filter, into: &output)
    }
}

extension FieldSection {
    static let connectionSpecific = FieldNameSet(
        .connection, .keepAlive, .proxyConnection, .te, .trailer, .transferEncoding, .upgrade, .http2Settings,
        .proxyAuthenticate, .proxyAuthorization, .contentLength)

    /// Lines that stay come in runs, and a run is copied at once. The first begins at `start`, if there is something before the
    /// lines that belongs to it.
    func write(
        from bytes: Span<UInt8>, startingAt start: Int? = nil, except filter: borrowing FieldFilter,
        into output: inout OutputSpan<UInt8>
    ) -> Bool {
        let known = removedNames(filter.names)
        let namesOthers = facts.hasOtherConnectionOptions
        var runStart = start ?? 0
        var isInRun = start != nil
        for index in 0..<lines.count {
            let line = lines[index]
            let isRemoved = removes(line, known, namesOthers: namesOthers, filter, in: bytes)
            let start = line.nameRange.lowerBound
            if isRemoved && isInRun {
                guard output.append(bytes, runStart..<start) else { return false }
                isInRun = false
            } else if !isRemoved && !isInRun {
                runStart = start
                isInRun = true
            }
        }
        return !isInRun || output.append(bytes, runStart..<end)
    }

    /// Whether a line is left out: for it is one of `known`, which are the `removedNames` of the filter, or for its own name.
    @inline(__always)
    func removes(
        _ line: FieldLine, _ known: FieldNameSet, namesOthers: Bool, _ filter: borrowing FieldFilter, in bytes: Span<UInt8>
    ) -> Bool {
        guard line.name == .other else { return known.contains(line.name) }
        if filter.removesOther(line.nameRange, in: bytes) { return true }
        return namesOthers && isNamedByConnection(line.nameRange, in: bytes)
    }

    func removedNames(_ filtered: FieldNameSet) -> FieldNameSet {
        var named = facts.connectionOptions
        named.remove(.host)
        var names = Self.connectionSpecific
        names.bits |= filtered.bits | named.bits
        return names
    }

    private func isNamedByConnection(_ name: Range<Int>, in bytes: Span<UInt8>) -> Bool {
        for index in 0..<lines.count where lines[index].name == .connection {
            let value = lines[index].valueRange
            var start = value.lowerBound
            while start < value.upperBound {
                let end = bytes.endOfMember(from: start, before: value.upperBound)
                if bytes.foldedEqual(bytes.trimmed(start..<end), name) { return true }
                start = end + 1
            }
        }
        return false
    }
}

extension OutputSpan where Element == UInt8 {
    /// Appends a run of bytes. False, and nothing written, if there is no room.
    @inline(__always)
    mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        let run = bytes.extracting(range)
        guard run.count <= freeCapacity else { return false }
        unsafe run.withUnsafeBytes { source in
            unsafe withUnsafeMutableBufferPointer { buffer, count in
                let free = unsafe UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[count...]))
                unsafe free.copyMemory(from: source)
                count += source.count
            }
        }
        return true
    }
}
