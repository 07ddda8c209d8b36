/// Where in a call a value stands, which decides what it may consist of.
enum CallPlace: Equatable {
    /// In JSON, a form or a query: text.
    case text
    case pathSegment
    /// As a field's value.
    case field
    /// In `Authorization`, before the colon.
    case username(isFormEncoded: Bool)
    /// In `Authorization`, behind the colon.
    case password

    /// Throws unless the secret can stand here, and is not longer than secrets are.
    func check(_ secret: Secret, setting: String, limits: Limits) throws(CredentialError) {
        // RFC 7617 allows a user without a password.
        if self != .password || secret.count > 0 {
            try Setting.checkLength(secret, setting: setting, bytesMax: limits.inputBytesMax)
        }
        try checkBytes(secret, setting: setting)
    }

    /// Throws if a byte may not stand here.
    func checkBytes(_ secret: Secret, setting: String) throws(CredentialError) {
        switch self {
        case .text, .username(isFormEncoded: true):
            try Setting.checkUTF8(secret, setting: setting)
        case .pathSegment:
            try Setting.check(secret, setting: setting, allowed: Setting.visible, Grammar.isVisible)
            guard secret != Secret("."), secret != Secret("..") else { throw .dotSegment(setting: setting) }
        case .field:
            try Setting.checkFieldValue(secret, setting: setting)
        case .username(isFormEncoded: false):
            try Setting.check(secret, setting: setting, allowed: "text without a colon and control characters") { byte in
                !Grammar.isControl(byte) && byte != UInt8(ascii: ":")
            }
        case .password:
            try Setting.check(secret, setting: setting, allowed: "text without control characters") { !Grammar.isControl($0) }
        }
    }
}

extension CallForm<Secret>.Entry {
    func check(limits: Limits) throws(CredentialError) {
        switch value {
        case .literal(let text): try place.checkBytes(Secret(text), setting: name)
        case .secret(let secret, let setting): try place.check(secret, setting: setting, limits: limits)
        case .refreshToken: break
        }
    }
}
