/// How a provider gives out tokens: the calls, and where their answers have what we need. A kind of provider is nothing
/// but such a form; `bloq`, `oauth2` and the like make it for those that have a name.
///
/// `Source` is a secret, or the place that one is read from.
public struct TokenEndpoint<Source: Sendable>: Sendable {
    /// With the configured credentials.
    public let authentication: CallForm<Source>
    /// With the refresh token that came with an earlier answer.
    public let refresh: CallForm<Source>?
    public let answer: AnswerForm

    /// Without `refresh`, the answers' refresh tokens are not looked for.
    public init(authentication: CallForm<Source>, refresh: CallForm<Source>? = nil, answer: AnswerForm) {
        self.authentication = authentication
        self.refresh = refresh
        var answer = answer
        if refresh == nil { answer.refreshTokenPaths = [] }
        self.answer = answer
    }

    /// Every secret of the calls, in the order in which they stand there; one that stands in both calls is there twice.
    public var sources: [Source] {
        (authentication.entries + (refresh?.entries ?? [])).compactMap { entry in
            if case .secret(let source, _) = entry.value { source } else { nil }
        }
    }

    /// The same form with other sources.
    public func map<Other: Sendable>(_ transform: (Source) -> Other) -> TokenEndpoint<Other> {
        TokenEndpoint<Other>(
            authentication: authentication.map(transform), refresh: refresh?.map(transform), answer: answer)
    }
}

extension TokenEndpoint: Equatable where Source: Equatable {}

extension TokenEndpoint<Secret> {
    /// Throws unless each value can stand where it does, and each call fits.
    func check(limits: Limits) throws(CredentialError) {
        for form in [authentication, refresh].compactMap(\.self) {
            for entry in form.entries { try entry.check(limits: limits) }
            let bytes = form.byteCountMax(refreshTokenBytes: limits.refreshTokenBytesMax)
            guard bytes <= limits.callBytesMax else { throw .callTooLong(bytes: bytes, bytesMax: limits.callBytesMax) }
        }
    }
}
