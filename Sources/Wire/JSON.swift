/// A JSON text (RFC 8259) as a tree of values, each of which knows where in the source it stands.
///
/// Nothing is lost that a check may need: members keep their order, numbers their exact text, and every value
/// its byte range, so that a mistake can be told with its line and column.
public struct JSON: Sendable {
    /// What stands at `range`.
    public indirect enum Value: Sendable {
        case null
        case bool(Bool)
        case number(JSONNumber)
        case string(String)
        case array([JSON])
        /// In the order of the source; without duplicates unless the options kept them.
        case object([Member])
    }

    /// One `"key": value` of an object.
    public struct Member: Sendable {
        public let key: String
        /// Byte offsets of the key in the source, quotation marks included.
        public let keyRange: Range<Int>
        public let value: JSON

        public init(key: String, keyRange: Range<Int>, value: JSON) {
            self.key = key
            self.keyRange = keyRange
            self.value = value
        }
    }

    /// What is accepted beyond RFC 8259. Trailing commas never are.
    public struct Options: OptionSet, Sendable {
        public let rawValue: UInt8

        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// `//` to the end of the line counts as white space.
        public static let comments = Options(rawValue: 1)
        /// An object's repeated key is kept instead of refused, for a caller that reports each of them itself.
        public static let duplicateKeys = Options(rawValue: 2)
    }

    /// What a text may have at most when the caller says nothing else.
    public enum Limits {
        /// Nested arrays and objects. The parser calls itself once a level; 64 is far beyond any answer or file read here
        /// and far within the smallest stack.
        public static let depthMax = 64
        /// Bytes. A token answer has about 2 KiB, a large configuration 100 KiB; the tree takes a multiple of this.
        public static let bytesMax = 1 << 20
    }

    public let value: Value
    /// Byte offsets of the value in the source.
    public let range: Range<Int>

    public init(value: Value, range: Range<Int>) {
        self.value = value
        self.range = range
    }

    /// Reads one JSON text, which has to take up all of `bytes`.
    ///
    /// Throws at the first byte that RFC 8259 does not allow: ill-formed UTF-8, lone surrogates, control characters in
    /// strings, numbers with a leading zero or plus sign, and everything behind the value. Repeated keys are refused
    /// unless `options` keeps them; so are texts deeper than `depthMax` or longer than `bytesMax`.
    public static func parse(
        _ bytes: [UInt8],
        options: Options = [],
        depthMax: Int = Limits.depthMax,
        bytesMax: Int = Limits.bytesMax
    ) throws(JSONError) -> JSON {
        guard bytes.count <= bytesMax else {
            throw JSONError(offset: bytesMax, message: "the text has \(bytes.count) bytes; at most \(bytesMax) are read")
        }
        var parser = JSONParser(bytes: bytes, options: options, depthMax: depthMax)
        return try parser.parseText()
    }
}

extension JSON {
    /// The value of the member `key`; nil if there is none or this is no object.
    public subscript(key: String) -> JSON? {
        guard case .object(let members) = value else { return nil }
        // By code units: String's own == also equates differently composed characters.
        return members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// The value at a path of member keys with dots between them: `result.accessToken`. In an array, the elements count
    /// from 0: `tokens.0.value`. Nil if any of them is missing.
    public func value(at path: String) -> JSON? {
        var found = self
        for key in path.split(separator: ".", omittingEmptySubsequences: false) {
            guard let next = found[String(key)] ?? found.element(String(key)) else { return nil }
            found = next
        }
        return found
    }

    /// The element with this index; nil if there is none or this is no array.
    private func element(_ text: String) -> JSON? {
        guard let elements = array, let index = Int(text), elements.indices.contains(index), String(index) == text else { return nil }
        return elements[index]
    }

    /// The string, if this is one.
    public var string: String? {
        if case .string(let string) = value { string } else { nil }
    }

    /// The number as an `Int`, if this is one and has exactly that value.
    public var int: Int? {
        if case .number(let number) = value { number.int } else { nil }
    }

    /// The number as the nearest `Double`, if this is one and within its range.
    public var double: Double? {
        if case .number(let number) = value { number.double } else { nil }
    }

    /// True or false, if this is one of them.
    public var bool: Bool? {
        if case .bool(let bool) = value { bool } else { nil }
    }

    /// The elements, if this is an array.
    public var array: [JSON]? {
        if case .array(let elements) = value { elements } else { nil }
    }

    /// The members in the order of the source, if this is an object.
    public var object: [Member]? {
        if case .object(let members) = value { members } else { nil }
    }

    /// Whether this is `null`.
    public var isNull: Bool {
        if case .null = value { true } else { false }
    }
}
