/// The URL of a token endpoint, without a query.
struct TokenURL {
    /// Has no base path.
    let origin: Origin
    /// Begins with a slash.
    let path: String
}
