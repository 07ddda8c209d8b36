/// The checks of configured values, so that a grant holds none that cannot be rendered.
enum Setting {
    static let visible = "visible ASCII characters only, no white space"

    /// Text for JSON and forms.
    static func checkUTF8(_ value: Secret, setting: String) throws(CredentialError) {
        let isUTF8 = value.withBytes { bytes in (try? UTF8Span(validating: bytes)) != nil }
        guard isUTF8 else { throw .notUTF8(setting: setting) }
    }

    /// A whole field value (RFC 9110 5.5), without what is obsolete.
    static func checkFieldValue(_ value: Secret, setting: String) throws(CredentialError) {
        let last = value.count - 1
        try check(value, setting: setting, allowed: "visible ASCII characters, and spaces within") { index, byte in
            Grammar.isVisible(byte) || (byte == UInt8(ascii: " ") && index > 0 && index < last)
        }
    }

    /// Visible ASCII, as a token is.
    static func checkVisible(_ value: Secret, setting: String, bytesMax: Int) throws(CredentialError) {
        try checkLength(value, setting: setting, bytesMax: bytesMax)
        try check(value, setting: setting, allowed: visible, Grammar.isVisible)
    }

    static func checkLength(_ value: Secret, setting: String, bytesMax: Int) throws(CredentialError) {
        guard value.count > 0 else { throw .empty(setting: setting) }
        guard value.count <= bytesMax else { throw .tooLong(setting: setting, bytes: value.count, bytesMax: bytesMax) }
    }

    static func check(
        _ value: Secret, setting: String, allowed: String, _ isAllowed: (UInt8) -> Bool
    ) throws(CredentialError) {
        try check(value, setting: setting, allowed: allowed) { _, byte in isAllowed(byte) }
    }

    private static func check(
        _ value: Secret, setting: String, allowed: String, _ isAllowed: (_ index: Int, _ byte: UInt8) -> Bool
    ) throws(CredentialError) {
        let offset = value.withBytes { bytes in
            bytes.indices.first { !isAllowed($0, bytes[$0]) }
        }
        if let offset { throw .wrongByte(setting: setting, offset: offset, allowed: allowed) }
    }
}
