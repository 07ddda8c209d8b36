/// An answer by which an upstream says that it refused the token, before it acted on the request.
public struct RefusalRule: Sendable, Equatable {
    /// A field of the answer and text in its value.
    public struct Field: Sendable, Equatable {
        /// The field's name in lower case.
        public let name: [UInt8]
        /// What the value has to hold, byte for byte.
        public let text: [UInt8]
    }

    /// 400 to 499.
    public let status: Int
    /// What some field of that name has to hold; nil: nothing.
    public let field: Field?
    /// What the first `Limits.refusalContentBytesMax` bytes of the content have to hold, byte for byte; nil: nothing.
    public let contentText: [UInt8]?

    static let unauthorized = RefusalRule(status: 401, field: nil, contentText: nil)
}
