internal import EventLoop

/// `NO_PROXY`: the origins that are reached at once. Entries are separated by commas or white space; each is `*`, a name, which
/// stands for all names below it too (with `.` or `*.` before it or not), an IP address, or a network such as `10.0.0.0/8`. A
/// port may follow a name or an address.
struct EgressExceptions {
    /// What stands there and is none of these, for a warning.
    private(set) var unknown: [String] = []
    private var isForAll = false
    private var names: [(name: String, port: UInt16?)] = []
    private var networks: [Network] = []

    /// An IPv4 address is the IPv6 address that it is mapped to (RFC 4291, section 2.5.5.2).
    private struct Network {
        let high: UInt64
        let low: UInt64
        let prefixBits: Int
        let port: UInt16?
    }

    init() {}

    init(_ text: String) {
        for entry in text.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            if !add(entry.lowercased()) { unknown.append(String(entry)) }
        }
    }

    /// `host`: a name in lower case or an address without brackets.
    func contains(host: String, port: UInt16) -> Bool {
        if isForAll { return true }
        if let address = Self.address(host) {
            return networks.contains { network in
                (network.port ?? port) == port && Self.matches(address, network)
            }
        }
        let host = host.hasSuffix(".") ? host.dropLast() : host[...]
        return names.contains { entry in
            (entry.port ?? port) == port && (host == entry.name || host.hasSuffix(".\(entry.name)"))
        }
    }

    private mutating func add(_ entry: String) -> Bool {
        if entry == "*" {
            isForAll = true
            return true
        }
        if let slash = entry.firstIndex(of: "/") { return add(network: entry[..<slash], bits: entry[entry.index(after: slash)...]) }
        if let address = Self.address(entry) {
            networks.append(Network(high: address.high, low: address.low, prefixBits: 128, port: nil))
            return true
        }
        guard let (host, portText) = try? HostName.split(entry) else { return false }
        let port = portText.map { try? HostName.port($0, in: 1...65535) }
        if case .some(.none) = port { return false }
        if let address = Self.address(host) {
            networks.append(Network(high: address.high, low: address.low, prefixBits: 128, port: port ?? nil))
            return true
        }
        var name = host[...]
        if name.hasPrefix("*") { name = name.dropFirst() }
        if name.hasPrefix(".") { name = name.dropFirst() }
        if name.hasSuffix(".") { name = name.dropLast() }
        guard let parsed = try? HostName.parse(String(name)), parsed.kind == .name else { return false }
        names.append((parsed.name, port ?? nil))
        return true
    }

    private mutating func add(network: Substring, bits: Substring) -> Bool {
        guard let address = Self.address(String(network)), !bits.isEmpty, bits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int(bits), count <= (address.isIPv4 ? 32 : 128)
        else { return false }
        networks.append(Network(high: address.high, low: address.low, prefixBits: count + (address.isIPv4 ? 96 : 0), port: nil))
        return true
    }

    private static func matches(_ address: (high: UInt64, low: UInt64, isIPv4: Bool), _ network: Network) -> Bool {
        // A shift by as many bits as there are gives 0.
        let highMask = ~UInt64(0) << UInt64(64 - min(64, network.prefixBits))
        let lowMask = ~UInt64(0) << UInt64(128 - max(64, network.prefixBits))
        return (address.high ^ network.high) & highMask == 0 && (address.low ^ network.low) & lowMask == 0
    }

    private static func address(_ text: String) -> (high: UInt64, low: UInt64, isIPv4: Bool)? {
        let inner = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        switch SocketAddress(numeric: inner, port: 0) {
        case .ipv4(let address, _): return (0, 0xFFFF_0000_0000 | UInt64(address), true)
        case .ipv6(let high, let low, _, _): return (high, low, false)
        case .unix, nil: return nil
        }
    }
}
