import Testing
import Wire

@Suite struct HostListTests {
    private static let hosts = ["localhost", "127.0.0.1", "[::1]", "a", "API.example.com", "very-long.name.of_a.host~1.example.org"]

    private func contains(_ text: String, _ list: HostList) -> Bool {
        let bytes = Array("Host: \(text):80".utf8)
        return list.contains(6..<6 + text.utf8.count, in: bytes.span)
    }

    @Test(arguments: hosts) func `is found in any case`(_ host: String) {
        let list = HostList(Self.hosts)
        #expect(contains(host, list) && contains(host.uppercased(), list) && contains(host.lowercased(), list))
    }

    @Test(arguments: hosts) func `with another byte anywhere, or fewer, or more, it is another`(_ host: String) {
        let list = HostList(Self.hosts)
        for place in 0..<host.utf8.count {
            for byte in UInt8(0x21)..<0x7F {
                var other = Array(host.utf8)
                other[place] = byte
                let text = String(decoding: other, as: UTF8.self)
                #expect(contains(text, list) == (text.lowercased() == host.lowercased()), "\(text)")
            }
        }
        #expect(!contains(String(host.dropFirst()), list) && !contains(host + "x", list))
    }

    @Test func `none is in an empty one`() {
        #expect(!contains("localhost", HostList([])))
    }
}
