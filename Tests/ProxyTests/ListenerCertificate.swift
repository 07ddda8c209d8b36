import TLS

@testable import Proxy

/// A certificate for the listeners of a test, in files of its own.
final class ListenerCertificate {
    private let directory: Directory
    private let authority: Authority

    init() throws {
        directory = try Directory()
        authority = try Authority(commonName: "Listeners of tests")
        let issued = try authority.issue(names: ["localhost"])
        try directory.write(String(decoding: issued.certificateChainPEM, as: UTF8.self), to: "certificate.pem", mode: 0o600)
        try directory.write(String(decoding: issued.privateKeyPEM, as: UTF8.self), to: "key.pem", mode: 0o600)
    }

    /// A member of a route, with a comma before it.
    var member: String {
        #", "listenTLS": { "certificate": "\#(directory.path("certificate.pem"))", "key": "\#(directory.path("key.pem"))" }"#
    }

    /// Of a client that trusts it.
    func clientContext() throws -> TLSContext { try TLSContext.client(ClientSettings(trust: .pem(authority.certificatePEM))) }
}
