/// What answers the requests that come to one emulated host.
protocol Service: AnyObject {
    /// Called when a request's head has come, before its content: a refusal, or nil to go on. Nothing has been done by
    /// then, so a refused request may be sent again.
    func admit(_ request: Request) -> Response?

    /// Called once for each admitted request, with its content.
    func answer(_ request: Request) -> Reply

    /// Whether it asks for a token.
    func isTokenCall(_ request: Request) -> Bool
}

extension Service {
    func isTokenCall(_ request: Request) -> Bool { false }
}
