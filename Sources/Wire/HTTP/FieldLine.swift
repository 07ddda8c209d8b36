/// Where one field line (RFC 9110 section 5) stands in the bytes of its head. Offsets count from the head's first byte.
///
///     Content-Type: text/plain CRLF
///     └nameRange─┘  └valueRange┘
public struct FieldLine: Sendable {
    /// The name, if it is one that this product acts on.
    public var name: FieldName
    /// Whether the name is spelled with `_` where the known name has `-`. Such a line is not that field, but some
    /// servers read it as if it were.
    public var isVariant: Bool
    private var nameCount: UInt16
    private var nameStart: UInt32
    private var valueStart: UInt32
    private var valueEnd: UInt32

    @inline(__always)
    init(name: FieldName, isVariant: Bool, nameRange: Range<Int>, valueRange: Range<Int>) {
        self.name = name
        self.isVariant = isVariant
        nameCount = UInt16(truncatingIfNeeded: nameRange.upperBound &- nameRange.lowerBound)
        nameStart = UInt32(truncatingIfNeeded: nameRange.lowerBound)
        valueStart = UInt32(truncatingIfNeeded: valueRange.lowerBound)
        valueEnd = UInt32(truncatingIfNeeded: valueRange.upperBound)
    }

    /// The bytes of the name. Its lower bound is where the line begins.
    public var nameRange: Range<Int> {
        Int(nameStart)..<Int(nameStart) + Int(nameCount)
    }

    /// The bytes of the value, without the white space around it; may be empty.
    public var valueRange: Range<Int> {
        Int(valueStart)..<Int(valueEnd)
    }
}
