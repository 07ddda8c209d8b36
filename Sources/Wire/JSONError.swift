/// Why a text is not the JSON that was asked for, and where.
public struct JSONError: Error, Equatable {
    /// Byte offset in the source of what is wrong; the count of bytes if the text ends too early.
    public let offset: Int
    /// What is wrong and what is expected there. It quotes no more of the source than one character or the first
    /// `keyScalarsMax` of a repeated key.
    public let message: String

    /// Unicode scalars: enough to find the key by, and the message stays short whatever the source has.
    static let keyScalarsMax = 40

    public init(offset: Int, message: String) {
        self.offset = offset
        self.message = message
    }
}
