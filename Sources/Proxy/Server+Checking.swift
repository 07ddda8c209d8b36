internal import EventLoop

// A server that serves nobody but this process, which checks what it leads to.

extension Configuration {
    /// The same, but that each route takes every request that is made within the process, and that no token is kept for later.
    var forChecking: Configuration {
        var configuration = self
        configuration.tokenCache = nil
        configuration.connectionsPerUserMax = nil
        for index in routes.indices {
            configuration.routes[index].listenTLS = nil
            configuration.routes[index].host = nil
            configuration.routes[index].pathPrefix = [UInt8(ascii: "/")]
            configuration.routes[index].stripPrefix = false
            configuration.routes[index].preset = nil
            configuration.routes[index].allow = Admittance(hosts: ["localhost"], origins: [], methods: nil)
        }
        return configuration
    }
}

extension Server {
    /// Serves a connection of this process, which becomes the server's, with one route.
    func serve(_ number: Int32, with route: RouteState) {
        now = loop.now
        append(nil, .loopback(port: 0), .path, Listener.Key(route.configuration))
        listeners[listeners.count - 1].router = Router(routes: [route])
        begin(number, listener: listeners.count - 1, hasPlace: true)
    }

    /// Opens a connection that no request waits for.
    func tryToConnect(to destination: Destination) {
        now = loop.now
        connect(to: destination, for: .none)
    }
}
