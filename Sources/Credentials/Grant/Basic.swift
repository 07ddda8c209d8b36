internal import Wire

extension Grant {
    /// HTTP Basic (RFC 7617): the token is the base 64 encoding of user name, colon and password.
    public struct Basic: Sendable {
        let token: Secret

        /// Throws if the user name is empty or has a colon, if either is longer than `limits.inputBytesMax`, or has control
        /// characters (RFC 7617 2). An empty password is allowed.
        public init(username: Secret, password: Secret, limits: Limits = Limits()) throws(CredentialError) {
            try Setting.checkLength(username, setting: "username", bytesMax: limits.inputBytesMax)
            if password.count > 0 {
                try Setting.checkLength(password, setting: "password", bytesMax: limits.inputBytesMax)
            }
            try Setting.check(username, setting: "username", allowed: "text without a colon and control characters") { byte in
                !Grammar.isControl(byte) && byte != UInt8(ascii: ":")
            }
            try Setting.check(password, setting: "password", allowed: "text without control characters") { byte in
                !Grammar.isControl(byte)
            }
            let joined = Secret(capacity: username.count + 1 + password.count) { output in
                output.appendBytes(of: username)
                output.append(UInt8(ascii: ":"))
                output.appendBytes(of: password)
            }
            token = Secret(Base64.encode(joined.withBytes { bytes in bytes.indices.map { bytes[$0] } }))
        }
    }
}
