import COpenSSL

@testable import TLS

/// Contexts of both sides, as the tests need them.
enum Setting {
    static func server(_ authority: Authority, _ names: [String] = ["api.example"], expired: Bool = false) throws -> TLSContext {
        let issued = try authority.issue(names: names, expired: expired)
        return try TLSContext.server(
            certificateChainPEM: issued.certificateChainPEM, privateKeyPEM: issued.privateKeyPEM)
    }

    static func client(trusting authority: Authority, pins: [[UInt8]] = []) throws -> TLSContext {
        try TLSContext.client(ClientSettings(trust: .pem(authority.certificatePEM), pins: pins))
    }

    /// Both contexts, which speak this version.
    static func contexts(_ version: Version = .tls13) throws -> (client: TLSContext, server: TLSContext) {
        let authority = try Authority(commonName: "Test Authority")
        let server = try server(authority)
        if version == .tls12 {
            SSL_CTX_ctrl(server.pointer, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        }
        return (try client(trusting: authority), server)
    }

    /// Bytes that tell their place.
    static func content(_ count: Int, seed: UInt64 = 7) -> [UInt8] {
        var state = seed
        let words = (0..<(count + 7) / 8).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state
        }
        return words.withUnsafeBytes { Array($0.prefix(count)) }
    }
}

enum Version: String, CaseIterable, Sendable {
    case tls12 = "TLSv1.2"
    case tls13 = "TLSv1.3"
}
