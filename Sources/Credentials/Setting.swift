/// The checks of configured values, so that a grant holds none that cannot be rendered.
enum Setting {
    /// Text for a JSON string.
    static func checkText(_ value: Secret, setting: String, limits: Limits) throws(CredentialError) {
        try checkLength(value, setting: setting, bytesMax: limits.inputBytesMax)
        let isUTF8 = value.withBytes { bytes in (try? UTF8Span(validating: bytes)) != nil }
        guard isUTF8 else { throw .notUTF8(setting: setting) }
    }

    /// Visible ASCII for a field value.
    static func checkVisible(_ value: Secret, setting: String, bytesMax: Int) throws(CredentialError) {
        try checkLength(value, setting: setting, bytesMax: bytesMax)
        try check(value, setting: setting, allowed: "visible ASCII characters only, no white space", Grammar.isVisible)
    }

    static func checkLength(_ value: Secret, setting: String, bytesMax: Int) throws(CredentialError) {
        guard value.count > 0 else { throw .empty(setting: setting) }
        guard value.count <= bytesMax else { throw .tooLong(setting: setting, bytes: value.count, bytesMax: bytesMax) }
    }

    static func check(
        _ value: Secret, setting: String, allowed: String, _ isAllowed: (UInt8) -> Bool
    ) throws(CredentialError) {
        let offset = value.withBytes { bytes in
            bytes.indices.first { !isAllowed(bytes[$0]) }
        }
        if let offset { throw .wrongByte(setting: setting, offset: offset, allowed: allowed) }
    }
}
