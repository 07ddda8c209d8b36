extension ResponseHead {
    /// Whether a line may name the upstream: whether `writeRewrittenFields` may write anything but what `writeFields` does, tags
    /// aside. A test of two bits.
    public var mayNameUpstream: Bool {
        fields.facts.names.contains(.location) || fields.facts.names.contains(.setCookie)
    }

    /// Bytes by which `writeRewrittenFields` may exceed the head for a client whose address has `addressCount` bytes.
    public func growthMax(_ map: borrowing AddressMap, addressCount: Int) -> Int {
        let references = count(of: .location) + count(of: .setCookie)
        return references * map.growthMax(addressCount: addressCount) + count(of: .etag) * 2
    }

    /// Copies the field lines for the client as `writeFields` does, but with every Location and Set-Cookie as `map` has it.
    ///
    /// - Parameters:
    ///   - bytes: the bytes that were parsed.
    ///   - address: the authority that the client used; empty if that is not known.
    ///   - weakensTags: whether the content is another than the one that a strong ETag was given to: the tag becomes weak
    ///     (RFC 9110 section 8.8.1), and one that is no entity-tag is left out.
    /// - Returns: false if there is no room; `output` may then hold a part of the lines.
    public func writeRewrittenFields(
        from bytes: Span<UInt8>, except filter: borrowing FieldFilter, map: borrowing AddressMap, address: Span<UInt8>,
        weakensTags: Bool, into output: inout OutputSpan<UInt8>
    ) -> Bool {
        let known = fields.removedNames(filter.names)
        let namesOthers = fields.facts.hasOtherConnectionOptions
        for index in 0..<fieldCount {
            let line = field(at: index)
            if fields.removes(line, known, namesOthers: namesOthers, filter, in: bytes) { continue }
            let value = line.valueRange
            if weakensTags, line.name == .etag, !bytes.isEntityTag(value) { continue }
            guard output.append(bytes, line.nameRange.lowerBound..<value.lowerBound) else { return false }
            let fits =
                switch line.isVariant ? .other : line.name {
                case .location: map.writeReference(value, in: bytes, address: address, into: &output)
                case .setCookie: map.writeCookie(value, in: bytes, into: &output)
                case .etag where weakensTags:
                    (bytes.begins("w/", in: value) || output.append("W/")) && output.append(bytes, value)
                default: output.append(bytes, value)
                }
            guard fits, output.append("\r\n") else { return false }
        }
        return true
    }
}

extension Span where Element == UInt8 {
    /// entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE (RFC 9110 section 8.8.3), as far as the quotation marks tell.
    fileprivate func isEntityTag(_ value: Range<Int>) -> Bool {
        let mark = UInt8(ascii: "\"")
        var start = value.lowerBound
        if value.count > 2, self[start] == UInt8(ascii: "W"), self[start + 1] == UInt8(ascii: "/") { start += 2 }
        return value.upperBound - start >= 2 && self[start] == mark && self[value.upperBound - 1] == mark
    }
}
