/// One value of a token call, by where it comes from.
public enum CallValue<Source: Sendable>: Sendable {
    /// Text that is no secret.
    case literal(String)
    /// A secret, which messages call by the name of its setting.
    case secret(Source, setting: String)
    /// The refresh token that came with an earlier answer. Only in a call that renews with it.
    case refreshToken

    func map<Other: Sendable>(_ transform: (Source) -> Other) -> CallValue<Other> {
        switch self {
        case .literal(let text): .literal(text)
        case .secret(let source, let setting): .secret(transform(source), setting: setting)
        case .refreshToken: .refreshToken
        }
    }
}

extension CallValue: Equatable where Source: Equatable {}
