/// Hosts to compare a request's with, without regard to case.
public struct HostList: Sendable {
    /// In lower case, one after the other; the first ends at `ends[0]`.
    private let spellings: [UInt8]
    private let ends: [Int]

    /// Hosts as an authority has them: names, IPv4 addresses, IPv6 addresses with their brackets.
    public init(_ hosts: [String]) {
        var spellings: [UInt8] = []
        var ends: [Int] = []
        for host in hosts {
            spellings.append(contentsOf: host.utf8.lazy.map(\.lowercased))
            ends.append(spellings.count)
        }
        self.spellings = spellings
        self.ends = ends
    }

    /// Whether the host that stands at `host` is one of these.
    public func contains(_ host: Range<Int>, in bytes: Span<UInt8>) -> Bool {
        let spellings = spellings.span
        var start = 0
        for index in 0..<ends.count {
            let end = ends[index]
            if end &- start == host.count, Self.isEqual(bytes.extracting(host), spellings.extracting(start..<end)) { return true }
            start = end
        }
        return false
    }

    /// Of as many bytes.
    @inline(__always)
    private static func isEqual(_ host: Span<UInt8>, _ wanted: Span<UInt8>) -> Bool {
        var offset = 0
        while offset &+ 8 <= host.count {
            let difference = host.word(at: offset) ^ wanted.word(at: offset)
            // Mostly the case is the same, too.
            if difference != 0 {
                guard difference & 0xDFDF_DFDF_DFDF_DFDF == 0 else { return false }
                for index in offset..<offset + 8 where host[index].lowercased != wanted[index] { return false }
            }
            offset &+= 8
        }
        while offset < host.count {
            guard host[offset].lowercased == wanted[offset] else { return false }
            offset &+= 1
        }
        return true
    }
}
