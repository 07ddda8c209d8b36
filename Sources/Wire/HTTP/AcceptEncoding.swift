/// What a client's Accept-Encoding fields say (RFC 9110 section 12.5.3) to a proxy that could inflate for it.
///
///     Accept-Encoding = #( codings [ OWS ";" OWS "q=" qvalue ] )
struct AcceptEncoding {
    /// Whether a member refused or accepted the coding; nil where none named it.
    private var gzip: Bool?
    private var identity: Bool?
    private var others: Bool?
    private var memberCount = 0
    private(set) var isMalformed = false

    /// The client takes gzip as it is. One that sends no such field is not taken to: most of these cannot inflate.
    var acceptsGzip: Bool { gzip ?? others ?? false }

    /// The client takes content without any coding.
    var acceptsIdentity: Bool { identity ?? others ?? true }

    /// Takes in the value of one field line.
    mutating func add(_ value: Range<Int>, in bytes: Span<UInt8>) {
        var start = value.lowerBound
        while start < value.upperBound, !isMalformed {
            let end = bytes.endOfMember(from: start, before: value.upperBound)
            let member = bytes.trimmed(start..<end)
            start = end + 1
            memberCount += 1
            guard memberCount <= Limits.acceptedCodingsMax else {
                isMalformed = true
                return
            }
            if !member.isEmpty { addMember(member, in: bytes) }
        }
    }

    private mutating func addMember(_ member: Range<Int>, in bytes: Span<UInt8>) {
        var end = member.lowerBound
        while end < member.upperBound, bytes[end] != UInt8(ascii: ";") { end += 1 }
        let coding = bytes.trimmed(member.lowerBound..<end)
        let weight = end < member.upperBound ? bytes.trimmed(end + 1..<member.upperBound) : nil
        guard bytes.isToken(coding), let isAccepted = Self.isAccepted(weight, in: bytes) else {
            isMalformed = true
            return
        }
        // Named twice, it is accepted if either says so.
        if bytes.foldedEqual(coding, "gzip") || bytes.foldedEqual(coding, "x-gzip") {
            gzip = isAccepted || gzip ?? false
        } else if bytes.foldedEqual(coding, "identity") {
            identity = isAccepted || identity ?? false
        } else if bytes.foldedEqual(coding, "*") {
            others = isAccepted || others ?? false
        }
    }

    /// Whether a weight is more than zero; nil when it is none.
    ///
    ///     weight = OWS ";" OWS "q=" qvalue
    ///     qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
    private static func isAccepted(_ weight: Range<Int>?, in bytes: Span<UInt8>) -> Bool? {
        guard let weight else { return true }
        guard bytes.begins("q=", in: weight), (3...7).contains(weight.count) else { return nil }
        let first = bytes[weight.lowerBound + 2]
        guard first == UInt8(ascii: "0") || first == UInt8(ascii: "1") else { return nil }
        let isOne = first == UInt8(ascii: "1")
        guard weight.count > 3 else { return isOne }
        guard bytes[weight.lowerBound + 3] == UInt8(ascii: ".") else { return nil }
        var isMore = false
        for offset in weight.lowerBound + 4..<weight.upperBound {
            guard let digit = bytes[offset].decimalValue else { return nil }
            if digit > 0 { isMore = true }
        }
        if isOne { return isMore ? nil : true }
        return isMore
    }
}

extension RequestHead {
    /// Whether a proxy that inflates for its client may ask the upstream for gzip in its place: the client takes content
    /// without coding and not gzip, asks for no range (which would be one of the gzip), and does not forbid
    /// transformations (RFC 9110 section 7.7). An Accept-Encoding that is malformed is its own matter: false.
    ///
    /// - Parameter bytes: the bytes that were parsed.
    public func mayAskForGzip(_ bytes: Span<UInt8>) -> Bool {
        var accepted = AcceptEncoding()
        for index in 0..<fieldCount {
            let line = field(at: index)
            if line.name == .acceptEncoding {
                if !line.isVariant { accepted.add(line.valueRange, in: bytes) }
            } else if line.name == .other {
                if bytes.foldedEqual(line.nameRange, "range") { return false }
                if line.forbidsTransformation(bytes) { return false }
            }
        }
        return !accepted.isMalformed && accepted.acceptsIdentity && !accepted.acceptsGzip
    }
}

extension FieldLine {
    /// Whether this is a Cache-Control with the directive no-transform (RFC 9111 sections 5.2.1.6 and 5.2.2.6).
    func forbidsTransformation(_ bytes: Span<UInt8>) -> Bool {
        name == .other && bytes.foldedEqual(nameRange, "cache-control") && bytes.hasMember("no-transform", in: valueRange)
    }
}

extension Span where Element == UInt8 {
    /// Whether a comma-separated list has this member, in any case and without parameters. The text is in lower case.
    func hasMember(_ text: StaticString, in list: Range<Int>) -> Bool {
        var start = list.lowerBound
        while start < list.upperBound {
            let end = endOfMember(from: start, before: list.upperBound)
            if foldedEqual(trimmed(start..<end), text) { return true }
            start = end + 1
        }
        return false
    }
}
