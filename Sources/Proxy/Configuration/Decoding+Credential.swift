internal import Credentials
internal import Wire

extension Decoding {
    func credential(_ node: Node, name: String) -> Credential? {
        let types = Node.list(CredentialType.allCases.map(\.rawValue))
        guard let object = ObjectReader(node, "an object with a \"type\" such as { \"type\": \"bloq\", … }"),
            let typeNode = object.required("type", types), let typeName = typeNode.string(types)
        else { return nil }
        guard let type = CredentialType(rawValue: typeName) else {
            if let near = Suggestion.nearest(to: typeName, among: CredentialType.allCases.map(\.rawValue)) {
                typeNode.error("there is no type \(quoted(typeName)); did you mean \(quoted(near))?")
            } else {
                typeNode.error("there is no type \(quoted(typeName)); write \(types)")
            }
            return nil
        }
        let credential: Credential? =
            switch type {
            case .bloq: asking(object, name: name, type, bloq)
            case .bloqAccount: asking(object, name: name, type, bloqAccount)
            case .bloquo: asking(object, name: name, type, bloquo)
            case .oauth2: asking(object, name: name, type, oauth2)
            case .tokenEndpoint: asking(object, name: name, type, tokenEndpoint)
            case .basic: basic(object).map { self.credential(name, type, $0, .none) }
            case .fixed: secret(object, "token").map { self.credential(name, type, .fixed(token: $0), .none) }
            }
        object.finish()
        return credential
    }

    /// A credential that asks a service for its tokens.
    private func asking(
        _ object: ObjectReader, name: String, _ type: CredentialType, _ read: (ObjectReader, Dialling?) -> TokenService?
    ) -> Credential? {
        let network = network(object)
        let service = read(object, network?.dialling)
        guard let network, let service else { return nil }
        return credential(name, type, .calls(service), network)
    }

    private func bloq(_ object: ObjectReader, _ dialling: Dialling?) -> TokenService? {
        let clientId = secret(object, "clientId")
        let clientSecret = secret(object, "clientSecret")
        let accounts = accounts(object, dialling)
        guard let clientId, let clientSecret, let accounts else { return nil }
        return TokenService(origin: accounts, endpoint: .bloq(clientId: clientId, clientSecret: clientSecret))
    }

    private func bloqAccount(_ object: ObjectReader, _ dialling: Dialling?) -> TokenService? {
        let username = secret(object, "username")
        let password = secret(object, "password")
        let accounts = accounts(object, dialling)
        guard let username, let password, let accounts else { return nil }
        return TokenService(origin: accounts, endpoint: .bloqAccount(username: username, password: password))
    }

    private func accounts(_ object: ObjectReader, _ dialling: Dialling?) -> Origin? {
        object.optional("accounts").map { origin($0, dialling) } ?? Self.bloqAccounts
    }

    private func bloquo(_ object: ObjectReader, _ dialling: Dialling?) -> TokenService? {
        let customerId = secret(object, "customerId")
        let clientId = secret(object, "clientId")
        let clientSecret = secret(object, "clientSecret")
        let api = object.required("api", "the URL that Bloquo gave you, such as \"https://staging-api.bloquo.io\"").flatMap {
            origin($0, dialling)
        }
        guard let customerId, let clientId, let clientSecret, let api else { return nil }
        return TokenService(
            origin: api, endpoint: .bloquo(customerId: customerId, clientId: clientId, clientSecret: clientSecret), customerId: customerId)
    }

    private func basic(_ object: ObjectReader) -> Credential.Kind? {
        let username = secret(object, "username")
        let password = secret(object, "password")
        guard let username, let password else { return nil }
        return .basic(username: username, password: password)
    }

    private static let bloqAccounts: Origin? = try? Origin.parse("https://accounts.bloq.cloud")

    private func credential(_ name: String, _ type: CredentialType, _ kind: Credential.Kind, _ network: Network) -> Credential {
        Credential(
            name: name, type: type, kind: kind, authTimeout: network.authTimeout, tls: network.dialling.tls, tlsPlace: network.dialling.place,
            connectTo: network.dialling.connectTo, timeouts: network.timeouts)
    }

    /// What a credential that asks a service for its tokens has besides.
    private struct Network {
        let dialling: Dialling
        let authTimeout: Duration
        let timeouts: CredentialTimeouts

        static var none: Network {
            Network(
                dialling: Dialling(tls: .standard, tlsNode: nil, place: nil, connectTo: nil, connectToNode: nil), authTimeout: .seconds(10),
                timeouts: CredentialTimeouts(connect: .seconds(5), responseHead: .seconds(60)))
        }
    }

    private func network(_ object: ObjectReader) -> Network? {
        let dialling = dialling(object)
        let authTimeout = object.optional("authTimeout").map { $0.duration(in: Limits.timeout) } ?? Network.none.authTimeout
        guard let timeouts = timeouts(object.optional("timeouts"), within: authTimeout), let dialling, let authTimeout else { return nil }
        return Network(dialling: dialling, authTimeout: authTimeout, timeouts: timeouts)
    }

    /// A connection attempt that lasts longer than any request waits for it would fail every one of them without its reason.
    private func timeouts(_ node: Node?, within authTimeout: Duration?) -> CredentialTimeouts? {
        let standard = Network.none.timeouts
        let longest = authTimeout ?? Limits.timeout.upperBound
        guard let node else {
            return CredentialTimeouts(connect: min(standard.connect, longest), responseHead: standard.responseHead)
        }
        guard let object = ObjectReader(node, "an object such as { \"connect\": \"5s\" }") else { return nil }
        let connectNode = object.optional("connect")
        let connect = connectNode.map { $0.duration(in: Limits.timeout) } ?? min(standard.connect, longest)
        let responseHead = object.optional("responseHead").map { $0.duration(in: Limits.timeout) } ?? standard.responseHead
        object.finish()
        guard let connect, let responseHead else { return nil }
        guard connect <= longest else {
            connectNode?.error(
                "\(Quantity.text(connect)) is longer than the credential's \"authTimeout\" of \(Quantity.text(longest)); lower it, or raise that")
            return nil
        }
        return CredentialTimeouts(connect: connect, responseHead: responseHead)
    }
}
