/// How this machine proves itself to a proxy on the way (RFC 9110 11.7.1).
public enum ProxyAuthorization {
    /// The value of a Proxy-Authorization field in the Basic scheme (RFC 7617).
    ///
    /// Throws if the user name is empty or has a colon, if either is longer than `limits.inputBytesMax`, or has control
    /// characters. An empty password is allowed.
    public static func basic(
        username: Secret, password: Secret, limits: Limits = Limits()
    ) throws(CredentialError) -> Secret {
        try CallPlace.username(isFormEncoded: false).check(username, setting: "username", limits: limits)
        try CallPlace.password.check(password, setting: "password", limits: limits)
        var value = Rendering()
        value.text("Basic ")
        value.secret(BasicCredentials.encoded(username: username, password: password, isFormEncoded: false), .none)
        return value.secret()
    }
}
