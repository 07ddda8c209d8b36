/// A server that speaks all of HTTP, as clients ask for it and as the proxy reaches it: a route, and its upstream.
struct Site {
    /// The route's.
    let name: String
    /// What clients write as Host.
    var clientHost = "localhost"
    /// What stands in front of every path that clients ask for.
    var prefix = ""
    /// Whether the route takes the prefix off.
    var isStripped = false
    var credential = "bloq"

    /// The upstream's own name.
    var host: String { "\(name).weather.example" }
    /// The prefix where clients do not see that the upstream knows nothing of it.
    var hiddenPrefix: String { isStripped ? prefix : "" }
    /// The prefix as the upstream gets it.
    var upstreamPrefix: String { isStripped ? "" : prefix }

    /// The only route of its listener.
    static let alone = Site(name: "broad")

    /// Routes of one listener, told apart by path and by host. A client asks them in turn over one connection, and what is made for one
    /// must not be taken for another: two of them have a credential in common, and no two an upstream.
    static let several = [
        Site(name: "outer"),
        Site(name: "inner", prefix: "/inner", isStripped: true, credential: "bloquo"),
        Site(name: "deep", prefix: "/inner/deep"),
        Site(name: "named", clientHost: "named.example", credential: "fixed"),
    ]

    static let fixedToken = "a-token-that-nobody-renews"

    /// - Parameters:
    ///   - port: where the clients come.
    ///   - dialled: where the upstream is.
    func route(port: Int, dialled: String, _ members: String) -> String {
        let match = "\"pathPrefix\": \"\(prefix.isEmpty ? "/" : prefix)\", \"stripPrefix\": \(isStripped)"
            + (clientHost == "localhost" ? "" : ", \"host\": \"\(clientHost)\"")
        return "{ \"name\": \"\(name)\", \"listen\": \"127.0.0.1:\(port)\", \(match), \"upstream\": \"http://\(host)\","
            + " \"credential\": \"\(credential)\", \"connectTo\": \"\(dialled)\"\(members.isEmpty ? "" : ", \(members)") }"
    }

    /// A GET that every token opens.
    var plainRequest: String { "GET \(prefix)/content?count=5 HTTP/1.1\r\nHost: \(clientHost)\r\nX-Site: \(name)\r\n\r\n" }

    /// What is wrong with a request that came to the upstream: whose it is, what it asks for, and the token that it has.
    func fault(in request: BroadRequest) -> String? {
        if let meant = request.value("x-site"), meant != name { return "at \(name) a request to \(meant)" }
        if request.value("host") != host { return "at \(name) a request to the host \(request.value("host") ?? "of no name")" }
        if !request.target.hasPrefix(upstreamPrefix) { return "at \(name) a request for \(request.target)" }
        let hasCustomer = request.values("customerid").count == 1
        if hasCustomer != (credential == "bloquo") || request.values("customerid").count > 1 { return "at \(name) another's customer" }
        guard let value = request.value("authorization"), value.hasPrefix("Bearer ") else { return "at \(name) a request without a token" }
        return isOwn(token: value.dropFirst(7)) ? nil : "at \(name) another credential's token"
    }

    /// Bloq's say what they are, Bloquo's say nothing.
    private func isOwn(token: Substring) -> Bool {
        switch credential {
        case "bloq": token.contains(".")
        case "bloquo": token.count == 64 && token.allSatisfy(\.isHexDigit)
        default: token == Self.fixedToken
        }
    }

    /// What is wrong with who answers the client that asked here. What the proxy says itself is of this route, and of no upstream but its own.
    func fault(in answer: HTTPAnswer) -> String? {
        if answer.field("proxy-status") == nil {
            let speaker = answer.field("x-said-by") ?? "nobody"
            return speaker == name ? nil : "\(speaker) answered what \(name) was asked"
        }
        if let route = answer.text.firstRange(of: "\"route\":\"").map({ answer.text[$0.upperBound...].prefix { $0 != "\"" } }), route != name {
            return "route \(route) answered what \(name) was asked"
        }
        let others = ([Self.alone] + Self.several).filter { $0.name != name && answer.text.contains($0.host) }
        return others.isEmpty ? nil : "what \(name) was asked failed of \(others[0].host): \(answer.text)"
    }
}
