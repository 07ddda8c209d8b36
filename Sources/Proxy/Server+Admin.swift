public import EventLoop
internal import Glibc

extension Server {
    /// The addresses on which the proxy tells about itself.
    public var adminAddresses: [SocketAddress] { admin?.sockets.map(\.address) ?? [] }

    /// Opens them, if the configuration has any.
    func openAdmin() throws(StartError) {
        guard let settings = configuration.admin else { return }
        let admin = AdminServer(self, listen: settings.listen)
        do throws(SystemError) {
            switch settings.listen {
            case .tcp(let host, let port):
                guard let address = SocketAddress(numeric: host, port: port) else {
                    preconditionFailure("the configuration lets only numeric addresses through")
                }
                try admin.open(address, ListenOptions())
            case .localhost(let port):
                try admin.open(.loopback(port: port), ListenOptions())
                try openSecondFamily(admin, port: admin.sockets[0].address.port ?? port)
            case .unix(let path, let mode, let group):
                try admin.open(.unix(path), ListenOptions(mode: mode.map(UInt32.init) ?? 0o600, group: group))
            case .systemd: preconditionFailure("the configuration lets no socket of systemd through")
            }
        } catch {
            throw .adminListen(error)
        }
        self.admin = admin
    }

    /// A machine without IPv6 has one family of `localhost` only.
    private func openSecondFamily(_ admin: AdminServer, port: UInt16) throws(SystemError) {
        do throws(SystemError) {
            try admin.open(.ipv6(high: 0, low: 1, port: port, scope: 0), ListenOptions())
        } catch {
            guard error.errno == EADDRNOTAVAIL || error.errno == EAFNOSUPPORT else { throw error }
        }
    }
}
