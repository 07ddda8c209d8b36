/// Why a configured credential cannot be used at all. Names the setting and never quotes its value.
public enum CredentialError: Error, Equatable {
    /// The setting has no bytes.
    case empty(setting: String)
    /// The setting has more bytes than it may have.
    case tooLong(setting: String, bytes: Int, bytesMax: Int)
    /// The byte at this offset may not stand there; `allowed` tells what may.
    case wrongByte(setting: String, offset: Int, allowed: String)
    /// The setting is not UTF-8, which JSON needs.
    case notUTF8(setting: String)
    /// The setting is `.` or `..`, which a path would swallow.
    case dotSegment(setting: String)

    /// The token call made of the settings has, or may come to, more bytes than it may have.
    case callTooLong(bytes: Int, bytesMax: Int)

    /// The setting that is wrong, if it is one alone.
    public var setting: String? {
        switch self {
        case .empty(let setting), .tooLong(let setting, _, _), .wrongByte(let setting, _, _), .notUTF8(let setting),
            .dotSegment(let setting):
            setting
        case .callTooLong: nil
        }
    }

    /// For the operator: what is wrong, and what to do.
    public var message: String {
        switch self {
        case .empty(let setting):
            "\(setting) is empty: check the place that it is read from"
        case .tooLong(let setting, let bytes, let bytesMax):
            "\(setting) has \(bytes) bytes, and may have \(bytesMax): check that its source holds nothing else"
        case .wrongByte(let setting, let offset, let allowed):
            "\(setting) has a byte at offset \(offset) that may not stand there; write \(allowed)"
        case .notUTF8(let setting):
            "\(setting) is not UTF-8 text: check that its source is not a binary file"
        case .dotSegment(let setting):
            "\(setting) is \".\" or \"..\", which cannot stand in a path: write the identifier the provider gave"
        case .callTooLong(let bytes, let bytesMax):
            "the token call comes to \(bytes) bytes, and may have \(bytesMax): check that it holds nothing but what the provider asks for"
        }
    }
}

extension CredentialError: CustomStringConvertible {
    public var description: String { message }
}
