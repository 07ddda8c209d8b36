internal import Wire

extension Decoding {
    private static let egressAdvice = "\"http://proxy.example:3128\", \"none\", or { \"url\": …, \"username\": …, \"password\": … }"

    func egress(_ node: Node) -> EgressSettings? {
        if case .string = node.json.value {
            if node.json.string == "none" { return .direct }
            return node.parse(Self.egressAdvice, Self.egressEndpoint).map {
                .proxy(EgressProxySettings(endpoint: $0, username: nil, password: nil, place: node.place))
            }
        }
        guard let object = ObjectReader(node, Self.egressAdvice) else { return nil }
        let url = object.required("url", "\"http://proxy.example:3128\"")
        let endpoint = url?.parse("the proxy's URL, such as \"http://proxy.example:3128\"", Self.egressEndpoint)
        let (usernameNode, passwordNode) = (object.optional("username"), object.optional("password"))
        let (username, password) = (usernameNode.flatMap(secret), passwordNode.flatMap(secret))
        object.finish()
        guard (usernameNode == nil) == (passwordNode == nil) else {
            node.error("\"username\" and \"password\" go together; write \(usernameNode == nil ? "\"username\"" : "\"password\"") too")
            return nil
        }
        guard let endpoint, (username == nil) == (usernameNode == nil), (password == nil) == (passwordNode == nil) else { return nil }
        return .proxy(EgressProxySettings(endpoint: endpoint, username: username, password: password, place: node.place))
    }

    private static func egressEndpoint(_ text: String) throws(Malformed) -> Endpoint { try EgressProxySettings.endpoint(text) }
}
