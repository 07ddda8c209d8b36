internal import EventLoop

/// Whose a client's connection is. That does not change: on a connection that is handed on, its maker's requests are made.
enum ClientUser: Hashable {
    case user(UInt32)
    /// Of another machine, by its IPv4 address: who asks there is not known.
    case machine(UInt32)
    /// Of another machine, by the first half of its IPv6 address. The second is what the machine likes (RFC 8981).
    case network(UInt64)
    /// The kernel does not tell.
    case unknown

    /// One whose user the kernel does not tell, but perhaps an address.
    init(address: SocketAddress?) {
        switch address {
        case let address? where address.isLocal: self = .unknown
        case .ipv4(let address, _)?: self = .machine(address)
        case .ipv6(let high, _, _, _)?: self = .network(high)
        case .unix?, nil: self = .unknown
        }
    }

    var number: UInt32? {
        switch self {
        case .user(let number): number
        case .machine, .network, .unknown: nil
        }
    }

    /// For messages: `user 1001`, `clients of 192.0.2.7`
    var text: String {
        switch self {
        case .user(let number): "user \(number)"
        case .machine(let address): "clients of \(SocketAddress.ipv4(address, port: 0).host)"
        case .network(let high): "clients of \(SocketAddress.ipv6(high: high, low: 0, port: 0, scope: 0).host)/64"
        case .unknown: "clients whose user is not known"
        }
    }
}
