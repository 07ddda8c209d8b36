/// The place of an answer that is still to come. It is given once, or the client goes away before.
final class HeldAnswer {
    private enum State {
        case awaited
        case given(Response)
        /// The connection has taken it, or has ended.
        case over
    }

    private var state = State.awaited
    private var wake: () -> Void = {}
    /// Called when the client has gone, so that no answer is wanted any more.
    var abandoned: () -> Void = {}

    /// Whether it is still wanted and not given.
    var isAwaited: Bool { if case .awaited = state { true } else { false } }

    /// Gives the answer. Without effect where the client has gone.
    func give(_ response: Response) {
        guard isAwaited else { return }
        state = .given(response)
        wake()
    }

    // MARK: the connection's side

    /// - Parameter wake: called when the answer is there.
    func attach(wake: @escaping () -> Void) { self.wake = wake }

    /// The answer, once, if it is there.
    func take() -> Response? {
        guard case .given(let response) = state else { return nil }
        state = .over
        return response
    }

    /// The connection has ended.
    func abandon() {
        guard isAwaited else { return }
        state = .over
        abandoned()
    }
}
