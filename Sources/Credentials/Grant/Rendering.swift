/// A secret in the making: parts, and how each is written. It counts before it writes, so that the secret has its exact
/// size and is never moved.
struct Rendering {
    private var parts: [(secret: Secret, escape: Escape)] = []
    private let refreshToken: Secret?

    /// `refreshToken` is what a value of that name stands for; nil where no such value comes.
    init(refreshToken: Secret? = nil) {
        self.refreshToken = refreshToken
    }

    /// As it is.
    mutating func text(_ text: String) { parts.append((Secret(text), .none)) }

    mutating func secret(_ secret: Secret, _ escape: Escape) { parts.append((secret, escape)) }

    mutating func value(_ value: CallValue<Secret>, _ escape: Escape) { parts.append((bytes(of: value), escape)) }

    func bytes(of value: CallValue<Secret>) -> Secret {
        switch value {
        case .literal(let text): return Secret(text)
        case .secret(let secret, _): return secret
        case .refreshToken:
            guard let refreshToken else { preconditionFailure("a call with a refresh token was rendered without one") }
            return refreshToken
        }
    }

    /// Bytes of the whole.
    var byteCount: Int {
        parts.reduce(0) { count, part in count + part.secret.withBytes { part.escape.byteCount(of: $0) } }
    }

    func secret() -> Secret {
        Secret(capacity: byteCount) { output in
            for part in parts {
                part.secret.withBytes { part.escape.append($0, to: &output) }
            }
        }
    }
}
