internal import Wire

extension Decoding {
    /// Read after the routes: it must not listen where one of them does.
    func admin(_ node: Node) -> AdminSettings? {
        let expected = "an object such as { \"listen\": \"127.0.0.1:9901\" }"
        guard let object = ObjectReader(node, expected) else { return nil }
        let example = "\"127.0.0.1:9901\" or \"unix:/run/bearerproxy/admin.sock\""
        let listenNode = object.required("listen", example)
        object.finish()
        guard let listenNode, let listen = listenNode.parse(example, { text throws(Malformed) in try Self.adminAddress(text) }) else { return nil }
        let isTaken = listeners.first { other in
            other.address.collides(with: listen) || other.address == listen && !listen.isAnyPort
        }
        if let isTaken {
            listenNode.error("\(isTaken.keyPath).listen is the same socket; requests for the provider come in there, so choose another")
            return nil
        }
        return AdminSettings(listen: listen, place: listenNode.place)
    }

    static func adminAddress(_ text: String) throws(Malformed) -> ListenAddress {
        guard !text.hasPrefix("systemd:") else {
            throw Malformed("a socket from systemd is for routes alone; write a loopback address such as \"127.0.0.1:9901\", or a Unix socket")
        }
        // What only an exposed route could listen on is told so in words of its own.
        if let address = try? ListenAddress.parse(text, isExposed: true), address.isExposed {
            throw Malformed(
                "\(quoted(text)) can be reached from other machines; write a loopback address such as \"127.0.0.1:9901\", or a Unix socket")
        }
        return try ListenAddress.parse(text)
    }
}
