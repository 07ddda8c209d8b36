extension TokenCache {
    /// The token that `use` just called ready as a parameter of a query (RFC 3986, section 3.4): `name=`, and the token
    /// percent-encoded; nil if there is none. Not to be kept longer than that token.
    ///
    /// - Parameter name: unreserved characters.
    public func queryParameter(_ name: StaticString) -> Secret? {
        withToken { token in
            let before = Array("\(name)=".utf8)
            return Secret(capacity: before.count + Escape.percent.byteCount(of: token)) { output in
                for byte in before { output.append(byte) }
                Escape.percent.append(token, to: &output)
            }
        }
    }
}
