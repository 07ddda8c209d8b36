// What the head of a response says about its content's coding, for a proxy that has asked for gzip in its client's place.

extension ResponseHead {
    /// Whether the content has a coding, be it `identity`. A test of a bit.
    public var hasContentCoding: Bool { fields.facts.names.contains(.contentEncoding) }

    /// Whether the content is gzip, once and alone (RFC 9110 section 8.4). `identity` and empty members do not count.
    ///
    /// - Parameter bytes: the bytes that were parsed.
    public func hasGzipContent(_ bytes: Span<UInt8>) -> Bool { codingCounts(bytes) == (gzip: 1, others: 0) }

    /// Whether the content is as it is, without a coding: there is no Content-Encoding, or it names none but `identity`.
    ///
    /// - Parameter bytes: the bytes that were parsed.
    public func hasPlainContent(_ bytes: Span<UInt8>) -> Bool { codingCounts(bytes) == (gzip: 0, others: 0) }

    private func codingCounts(_ bytes: Span<UInt8>) -> (gzip: Int, others: Int) {
        var counts = (gzip: 0, others: 0)
        guard hasContentCoding else { return counts }
        for index in 0..<fieldCount {
            let line = field(at: index)
            guard line.name == .contentEncoding, !line.isVariant else { continue }
            var start = line.valueRange.lowerBound
            while start < line.valueRange.upperBound {
                let end = bytes.endOfMember(from: start, before: line.valueRange.upperBound)
                let member = bytes.trimmed(start..<end)
                if bytes.foldedEqual(member, "gzip") || bytes.foldedEqual(member, "x-gzip") {
                    counts.gzip += 1
                } else if !member.isEmpty, !bytes.foldedEqual(member, "identity") {
                    counts.others += 1
                }
                start = end + 1
            }
        }
        return counts
    }

    /// Whether the content is gzip and may be inflated on the way: it is not a part of a representation (206), and no
    /// Cache-Control forbids transformations (RFC 9110 section 7.7).
    public func hasInflatableContent(_ bytes: Span<UInt8>) -> Bool {
        hasGzipContent(bytes) && status != 206 && !forbidsTransformation(bytes)
    }

    /// Whether a Cache-Control forbids intermediaries to change the content (RFC 9111 section 5.2.2.6).
    public func forbidsTransformation(_ bytes: Span<UInt8>) -> Bool {
        for index in 0..<fieldCount where field(at: index).forbidsTransformation(bytes) { return true }
        return false
    }

    /// Whether a Vary tells caches already that Accept-Encoding made a difference (RFC 9110 section 12.5.5).
    public func variesByAcceptEncoding(_ bytes: Span<UInt8>) -> Bool {
        for index in 0..<fieldCount {
            let line = field(at: index)
            guard line.name == .vary, !line.isVariant else { continue }
            if bytes.hasMember("accept-encoding", in: line.valueRange) || bytes.hasMember("*", in: line.valueRange) {
                return true
            }
        }
        return false
    }
}
