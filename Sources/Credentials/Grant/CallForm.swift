/// The form of a token call: everything of the request but what belongs to the connection.
///
/// `Source` is a secret, or the place that one is read from.
public struct CallForm<Source: Sendable>: Sendable {
    /// A name with a value: a field, a parameter of the query, or one of a form.
    public struct Pair: Sendable {
        public let name: String
        public let value: CallValue<Source>

        public init(_ name: String, _ value: CallValue<Source>) {
            self.name = name
            self.value = value
        }
    }

    public enum Content: Sendable {
        case none
        case json(CallJSON<Source>)
        /// As `application/x-www-form-urlencoded`.
        case form([Pair])
    }

    /// A user name and password in `Authorization` (RFC 7617).
    public struct Basic: Sendable {
        public let username: CallValue<Source>
        public let password: CallValue<Source>
        /// Whether both are form-encoded before, as OAuth 2 has it (RFC 6749 2.3.1).
        public let isFormEncoded: Bool

        public init(username: CallValue<Source>, password: CallValue<Source>, isFormEncoded: Bool = false) {
            self.username = username
            self.password = password
            self.isFormEncoded = isFormEncoded
        }
    }

    public let method: CallMethod
    /// What is put together as the path: literals as they are, all else as percent-encoded segments. Begins with a slash;
    /// to be put behind the base path of the endpoint's origin.
    public let path: [CallValue<Source>]
    /// The parameters of the URL.
    public let query: [Pair]
    /// Names are tokens (RFC 9110 5.6.2), none twice, and neither `Host`, framing nor `Authorization` where `basic` is set.
    /// One of the fields that are there without being asked for (`User-Agent`, `Content-Type`, `Accept`) takes its place.
    public let fields: [Pair]
    public let basic: Basic?
    public let content: Content

    public init(
        method: CallMethod = .post, path: [CallValue<Source>], query: [Pair] = [], fields: [Pair] = [], basic: Basic? = nil,
        content: Content
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.fields = fields
        self.basic = basic
        self.content = content
    }

    /// Whether the refresh token stands anywhere in it.
    public var hasRefreshToken: Bool {
        entries.contains { if case .refreshToken = $0.value { true } else { false } }
    }

    func map<Other: Sendable>(_ transform: (Source) -> Other) -> CallForm<Other> {
        func pair(_ pair: Pair) -> CallForm<Other>.Pair { CallForm<Other>.Pair(pair.name, pair.value.map(transform)) }
        let newContent: CallForm<Other>.Content =
            switch content {
            case .none: .none
            case .json(let json): .json(json.map(transform))
            case .form(let pairs): .form(pairs.map(pair))
            }
        return CallForm<Other>(
            method: method, path: path.map { $0.map(transform) },
            query: query.map(pair), fields: fields.map(pair),
            basic: basic.map {
                CallForm<Other>.Basic(
                    username: $0.username.map(transform), password: $0.password.map(transform), isFormEncoded: $0.isFormEncoded)
            },
            content: newContent)
    }

    /// A value with the place that it stands in.
    struct Entry {
        let value: CallValue<Source>
        let place: CallPlace
        /// For messages about literals.
        let name: String
    }

    /// Every value, in the order of the request.
    var entries: [Entry] {
        var entries: [Entry] = []
        for value in path {
            if case .literal = value { continue }
            entries.append(Entry(value: value, place: .pathSegment, name: "path"))
        }
        entries += query.map { Entry(value: $0.value, place: .text, name: $0.name) }
        entries += fields.map { Entry(value: $0.value, place: .field, name: $0.name) }
        if let basic {
            entries.append(Entry(value: basic.username, place: .username(isFormEncoded: basic.isFormEncoded), name: "username"))
            entries.append(Entry(value: basic.password, place: .password, name: "password"))
        }
        switch content {
        case .none: break
        case .json(let json): entries += json.values.map { Entry(value: $0, place: .text, name: "json") }
        case .form(let pairs): entries += pairs.map { Entry(value: $0.value, place: .text, name: $0.name) }
        }
        return entries
    }
}

extension CallForm: Equatable where Source: Equatable {}
extension CallForm.Pair: Equatable where Source: Equatable {}
extension CallForm.Content: Equatable where Source: Equatable {}
extension CallForm.Basic: Equatable where Source: Equatable {}
