/// basic-credentials (RFC 7617 2): user name, colon and password in base 64.
enum BasicCredentials {
    /// `isFormEncoded`: each is form-encoded before (RFC 6749 2.3.1).
    static func encoded(username: Secret, password: Secret, isFormEncoded: Bool) -> Secret {
        var joined = Rendering()
        joined.secret(username, isFormEncoded ? .form : .none)
        joined.text(":")
        joined.secret(password, isFormEncoded ? .form : .none)
        var encoded = Rendering()
        encoded.secret(joined.secret(), .base64)
        return encoded.secret()
    }
}
