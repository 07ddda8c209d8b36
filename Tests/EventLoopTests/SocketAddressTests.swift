import EventLoop
import Testing

struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1:80", true),
        ("127.255.0.9", "127.255.0.9:80", true),
        ("0.0.0.0", "0.0.0.0:80", false),
        ("255.255.255.255", "255.255.255.255:80", false),
        ("192.0.2.7", "192.0.2.7:80", false),
        ("::1", "[::1]:80", true),
        ("::", "[::]:80", false),
        ("2001:DB8:0:0:0:0:0:1", "[2001:db8::1]:80", false),
        ("::ffff:192.0.2.7", "[::ffff:192.0.2.7]:80", false),
        ("fe80::1:2:3:4", "[fe80::1:2:3:4]:80", false),
    ])
    func `an address in numbers is read, and written in its usual form`(text: String, written: String, isLocal: Bool) throws {
        let address = try #require(SocketAddress(numeric: text, port: 80))
        #expect(address.description == written)
        #expect(address.isLocal == isLocal)
        #expect(address.port == 80)
    }

    @Test(arguments: [
        "", "localhost", "127.0.0.1:80", "127.0.0", "127.0.0.256", "127.1", "0x7f.0.0.1", "[::1]", "::1%lo", ":::", "1::2::3",
        " 127.0.0.1",
    ])
    func `anything else is no address in numbers`(text: String) {
        #expect(SocketAddress(numeric: text, port: 80) == nil)
    }

    @Test func `what comes after a NUL is not overlooked`() {
        for text in ["127.0.0.1\0", "127.0.0.1\0.example", "::1\0"] { #expect(SocketAddress(numeric: text, port: 80) == nil) }
    }

    @Test func `a path has no port and is local`() {
        let address = SocketAddress.unix("/run/x.sock")
        #expect(address.port == nil && address.isLocal)
        #expect(address.description == "unix:/run/x.sock")
    }

    @Test func `the loopback address is what its numbers say`() {
        #expect(SocketAddress.loopback(port: 8080) == SocketAddress(numeric: "127.0.0.1", port: 8080))
    }
}
