internal import Wire

// Who can reach a listener, and how what goes by is kept from others.

extension Decoding {
    /// A key that may be left out: nil only if what stands there is wrong.
    struct OptionalListenTLS {
        let settings: ListenTLS?
    }

    func listenTLS(_ node: Node?) -> OptionalListenTLS? {
        guard let node else { return OptionalListenTLS(settings: nil) }
        guard let object = ObjectReader(node, "an object such as { \"certificate\": \"FILE\", \"key\": \"FILE\" }") else { return nil }
        let what = "the path of a PEM file"
        let certificate = object.required("certificate", "\(what) with the listener's certificate").flatMap { $0.parse(what, Self.filePath) }
        let key = object.required("key", "\(what) with the certificate's key").flatMap { $0.parse(what, Self.filePath) }
        let clientCANode = object.optional("clientCA")
        let clientCA = clientCANode.flatMap { $0.parse(what, Self.filePath) }
        let minimumVersion = object.optional("minimumVersion").map { $0.choice(TLSSettings.Version.self) } ?? .tls12
        object.finish()
        guard let certificate, let key, clientCANode == nil || clientCA != nil, let minimumVersion else { return nil }
        return OptionalListenTLS(
            settings: ListenTLS(
                certificate: certificate, key: key, clientCA: clientCA, minimumVersion: minimumVersion, place: node.place))
    }

    /// What lets in more than was probably meant, or less.
    func warn(aboutExposureOf route: Route, _ listenNode: Node) {
        guard route.listen.isExposed else { return }
        if route.listenTLS == nil {
            listenNode.warning(
                "every machine that reaches \(route.listen) can use the credential, and read what goes by, and browsers do not always "
                    + "tell it which page asks (no Sec-Fetch-Site without TLS); add \"listenTLS\"")
        }
        let names = route.allow.hosts + (route.host.map { [$0] } ?? [])
        if names.allSatisfy({ (try? HostName.parse($0))?.isLoopback == true }) {
            listenNode.warning(
                "other machines are refused, since \"allow.hosts\" has the names of loopback alone; list the names by which they call this one")
        }
    }

    /// Reports it where another route of the same listener encrypts in another way.
    func agrees(_ route: Route, with other: (keyPath: String, tls: ListenTLS?), _ object: ObjectReader) -> Bool {
        switch (route.listenTLS, other.tls) {
        case (nil, nil): return true
        case (let own?, let others?) where own.isAlike(others): return true
        case (nil, _?):
            object.node.error("\(other.keyPath) has \"listenTLS\" on the same listener; write it in this route too")
        case (_?, _):
            object.error(at: "listenTLS", "\(other.keyPath) shares this listener; write \"listenTLS\" alike in both, or leave it out of both")
        }
        return false
    }
}
