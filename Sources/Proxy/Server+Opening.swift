internal import EventLoop
internal import Glibc

// The sockets that are listened on. They get their routes when all are open (`settleListeners`): until then nobody is accepted.

extension Server {
    /// Opens what these routes want and what is not there yet.
    func openMissing(_ routes: [Route]) throws(StartError) {
        let known = Set(listeners.filter { $0.serves($0.key) }.map(\.key))
        for group in Listener.groups(routes) {
            if case .systemd(let name, _) = group.key.address {
                try checkPassed(name, isExposed: group.routes[0].listen.isExposed, place: group.routes[0].listenPlace)
            } else if !known.contains(group.key) {
                try open(group.key, route: group.routes[0].name)
            }
        }
    }

    private func open(_ key: Listener.Key, route: String) throws(StartError) {
        do throws(SystemError) {
            switch key.address {
            case .tcp(let host, let port):
                guard let numeric = SocketAddress(numeric: host, port: port) else {
                    preconditionFailure("the configuration lets only numeric addresses through")
                }
                try open(numeric, ListenOptions(sharing: sharing, awaitsBytes: true), key)
            case .localhost(let port):
                let first = try open(.loopback(port: port), ListenOptions(sharing: sharing, awaitsBytes: true), key)
                try openIfPossible(.ipv6(high: 0, low: 1, port: first.port ?? port, scope: 0), key)
            case .unix(let path, let mode, let group):
                try open(.unix(path), ListenOptions(mode: mode.map(UInt32.init) ?? 0o600, group: group), key)
            case .systemd: preconditionFailure("nobody but systemd opens its sockets")
            }
        } catch {
            throw .listen(error, route: route)
        }
    }

    /// A machine without IPv6 has one family of `localhost` only.
    private func openIfPossible(_ address: SocketAddress, _ key: Listener.Key) throws(SystemError) {
        do throws(SystemError) {
            try open(address, ListenOptions(sharing: sharing, awaitsBytes: true), key)
        } catch {
            guard error.errno == EADDRNOTAVAIL || error.errno == EAFNOSUPPORT else { throw error }
            log.event(.info, "not listening on \(address): \(error.reason)")
        }
    }

    /// The address that it has: the kernel may have chosen the port.
    @discardableResult func open(_ address: SocketAddress, _ options: ListenOptions, _ key: Listener.Key) throws(SystemError) -> SocketAddress {
        let descriptor = Descriptor(try kernel.listen(on: address, options: options), of: kernel)
        let actual = try kernel.localAddress(of: descriptor.number)
        let index = listeners.firstIndex { $0.isFree(for: key, at: actual) } ?? listeners.count
        try loop.register(descriptor.number, for: handlerID, token: EventToken(.listener, index: index).rawValue)
        var origin = Listener.Origin.address
        if case .unix = actual { origin = .path }
        put(descriptor, at: index, actual, origin, key)
        return actual
    }

    /// In the place of one that was retired, or as one more.
    func put(_ descriptor: consuming Descriptor?, at index: Int, _ address: SocketAddress, _ origin: Listener.Origin, _ key: Listener.Key) {
        if index < listeners.count { listeners[index].takeUp(descriptor) } else { append(descriptor, address, origin, key) }
    }

    func append(_ descriptor: consuming Descriptor?, _ address: SocketAddress, _ origin: Listener.Origin, _ key: Listener.Key) {
        let timer = loop.makeTimer(for: handlerID, token: EventToken(.listener, index: listeners.count).rawValue)
        listeners.append(Listener(descriptor: descriptor, address: address, timer: timer, origin: origin, key: key))
    }

    private var sharing: ListenOptions.Sharing { group == nil ? .none : .first }
}

// MARK: systemd's

extension Server {
    /// A socket that systemd has bound, and goes on to hold: what connects while no process is there waits for the next. It rests
    /// until a route names it.
    func adopt(_ socket: PassedSockets.Socket) throws(StartError) {
        do throws(SystemError) {
            let address = try kernel.localAddress(of: socket.descriptor)
            try loop.register(socket.descriptor, for: handlerID, token: EventToken(.listener, index: listeners.count).rawValue)
            append(Descriptor(socket.descriptor, of: kernel), address, .systemd, Listener.Key(passed: socket.name))
        } catch {
            throw .listen(error, route: configuration.routes[0].name)
        }
    }

    private func checkPassed(_ name: String, isExposed: Bool, place: Place) throws(StartError) {
        let passed = listeners.filter { $0.key == Listener.Key(passed: name) }
        guard !passed.isEmpty else {
            throw .configuration([
                Finding(
                    place: place,
                    message: "systemd passed no socket on that has the name \(quoted(name)); start bearerproxy by a .socket unit with "
                        + "FileDescriptorName=\(name), or write an address")
            ])
        }
        guard let exposed = passed.first(where: { !$0.address.isLocal }), !isExposed else { return }
        throw .configuration([
            Finding(
                place: place,
                message: "the socket \(quoted(name)) of systemd is \(exposed.address), so other machines could use the credential; write "
                    + "ListenStream=127.0.0.1:PORT into the unit, or \"exposed\": true and \"listenTLS\" if they are to")
        ])
    }
}
