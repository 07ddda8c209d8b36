import Testing

@testable import TLS

struct ContextTests {
    private func message(_ settings: ClientSettings) -> String {
        do throws(TLSError) {
            _ = try TLSContext.client(settings)
            return "no error"
        } catch {
            return error.message
        }
    }

    @Test func `a trust file that is not there is named with the reason`() {
        let text = message(ClientSettings(trust: .file("/nonexistent/ca.pem")))
        #expect(text.contains("/nonexistent/ca.pem"))
        #expect(text.contains("No such file"))
    }

    @Test func `a trust file without certificates is refused`() {
        #expect(message(ClientSettings(trust: .file("/dev/null"))).contains("/dev/null"))
        #expect(message(ClientSettings(trust: .pem(Array("hello".utf8)))).contains("no CERTIFICATE block"))
    }

    @Test func `a pin that is no SHA-256 is refused`() {
        #expect(message(ClientSettings(pins: [[1, 2, 3]])).contains("3 bytes"))
    }

    @Test func `a client key without its certificate is refused`() {
        #expect(message(ClientSettings(clientKeyFile: "/k.pem")).contains("/k.pem"))
        #expect(message(ClientSettings(clientCertificateFile: "/c.pem")).contains("/c.pem"))
    }

    @Test func `a server's key of another certificate is refused, and no message shows it`() throws {
        let authority = try Authority(commonName: "A")
        let (one, other) = (try authority.issue(names: ["a.example"]), try authority.issue(names: ["a.example"]))
        let error = #expect(throws: TLSError.self) {
            try TLSContext.server(certificateChainPEM: one.certificateChainPEM, privateKeyPEM: other.privateKeyPEM)
        }
        #expect(error?.message.contains("key values mismatch") == true)
        let middle = String(decoding: other.privateKeyPEM, as: UTF8.self).split(separator: "\n")[1]
        #expect(error?.message.contains(middle) == false)
    }

    @Test func `the version in use is OpenSSL 3`() {
        #expect(TLSContext.versionDescription.hasPrefix("OpenSSL 3"))
    }
}
