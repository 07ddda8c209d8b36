import COpenSSL
import Testing

@testable import TLS

/// A server whose certificate stands in files, and that may demand one of its clients.
struct ServerTests {
    /// Files of a server, and of clients that its authority, or another, vouches for.
    private struct Files: ~Copyable {
        let folder: Folder
        let authority: Authority

        init() throws {
            let folder = try Folder()
            let authority = try Authority(commonName: "Test Authority")
            try folder.write("ca.pem", authority.certificatePEM)
            try Self.write(authority.issue(names: ["api.example"]), "server", folder)
            try Self.write(authority.issue(names: ["alice"]), "alice", folder)
            try Self.write(authority.issue(names: ["old"], expired: true), "old", folder)
            try Self.write(Authority(commonName: "Test Authority").issue(names: ["alice"]), "stranger", folder)
            self.folder = folder
            self.authority = authority
        }

        private static func write(
            _ issued: (certificateChainPEM: [UInt8], privateKeyPEM: [UInt8]), _ label: String, _ folder: borrowing Folder
        ) throws {
            try folder.write("\(label).pem", issued.certificateChainPEM)
            try folder.write("\(label)-key.pem", issued.privateKeyPEM)
        }

        func server(demanding: Bool, _ minimumVersion: ServerSettings.Version = .tls12) throws -> TLSContext {
            try TLSContext.server(
                ServerSettings(
                    certificateFile: folder.path("server.pem"), keyFile: folder.path("server-key.pem"),
                    clientAuthorityFile: demanding ? folder.path("ca.pem") : nil, minimumVersion: minimumVersion))
        }

        func client(_ label: String?) throws -> TLSContext {
            try TLSContext.client(
                ClientSettings(
                    trust: .file(folder.path("ca.pem")), clientCertificateFile: label.map { folder.path("\($0).pem") },
                    clientKeyFile: label.map { folder.path("\($0)-key.pem") }))
        }
    }

    @Test(arguments: Version.allCases)
    func `a client with a certificate of the authority is let in by its name, each time anew`(version: Version) throws {
        let files = try Files()
        let (client, server) = (try files.client("alice"), try files.server(demanding: true))
        if version == .tls12 { SSL_CTX_ctrl(server.pointer, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_2_VERSION), nil) }
        for _ in 0..<2 {
            var pair = try Pair(client, server)
            try pair.shakeHands()
            #expect(pair.server.version == version.rawValue)
            #expect(pair.server.peerCommonName == "alice")
            #expect(pair.server.isResumed == false)
            let (up, down) = try pair.exchange(up: Setting.content(50_000), down: Setting.content(90_000))
            #expect(up == Setting.content(50_000) && down == Setting.content(90_000))
        }
    }

    @Test(arguments: [
        (nil, "peer did not return a certificate"), ("old", "certificate has expired"), ("stranger", "unable to get local issuer certificate"),
    ] as [(String?, String)])
    func `a client without the right certificate is refused, with the reason`(label: String?, reason: String) throws {
        let files = try Files()
        var pair = try Pair(try files.client(label), try files.server(demanding: true))
        let failure = pair.serverFailure()
        #expect(failure?.message.contains(reason) == true, "\(String(describing: failure))")
        #expect(pair.server.peerCommonName == nil)
    }

    /// The side that is no newer decides.
    @Test(arguments: [(false, false), (true, false), (false, true)])
    func `a server that demands no certificate asks for none, and resumes sessions of TLS 1.3 alone`(isClientOld: Bool, isServerOld: Bool) throws {
        let files = try Files()
        let (client, server) = (try files.client("alice"), try files.server(demanding: false))
        for (context, isOld) in [(client, isClientOld), (server, isServerOld)] where isOld {
            SSL_CTX_ctrl(context.pointer, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        }
        for round in 0..<2 {
            var pair = try Pair(client, server)
            try pair.shakeHands()
            #expect(pair.server.peerCommonName == nil)
            #expect(pair.server.isResumed == (round == 1 && !isClientOld && !isServerOld))
            _ = try pair.exchange(up: [1], down: [2])
        }
    }

    @Test func `a server with minimum 1.3 refuses 1.2`() throws {
        let files = try Files()
        let client = try files.client(nil)
        SSL_CTX_ctrl(client.pointer, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        var pair = try Pair(client, try files.server(demanding: false, .tls13))
        #expect(pair.serverFailure()?.message.contains("unsupported protocol") == true)
    }

    @Test func `a name out of a certificate is fit for a log line`() throws {
        let name = try Self.certificate(named: "\u{1B}[31mEve\r\n\u{0}\"ü" + String(repeating: "x", count: 100).prefix(40))
        defer { X509_free(name) }
        #expect(Verification.commonName(of: name) == "?[31mEve???\"??" + String(repeating: "x", count: 40))
        #expect(Verification.commonName(of: nil) == nil)
    }

    private static func certificate(named name: String) throws -> OpaquePointer? {
        let certificate = X509_new()
        let bytes = Array(name.utf8)
        let done = X509_NAME_add_entry_by_txt(
            X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, bytes, Int32(bytes.count), -1, 0)
        try #require(done == 1)
        return certificate
    }

    @Test func `files that cannot be used are named, and no key is shown`() throws {
        let files = try Files()
        func message(_ certificate: String, _ key: String, _ authority: String? = nil) -> String {
            do throws(TLSError) {
                _ = try TLSContext.server(ServerSettings(certificateFile: certificate, keyFile: key, clientAuthorityFile: authority))
                return "no error"
            } catch {
                return error.message
            }
        }
        let (certificate, key) = (files.folder.path("server.pem"), files.folder.path("server-key.pem"))
        #expect(message("/nonexistent/c.pem", key).contains("/nonexistent/c.pem: the certificate cannot be read"))
        #expect(message(certificate, files.folder.path("alice-key.pem")).contains("key values mismatch"))
        #expect(message(certificate, "/dev/null").contains("/dev/null: the key cannot be used"))
        #expect(message(certificate, key, "/dev/null").contains("/dev/null"))
        #expect(message(certificate, key, files.folder.path("ca.pem")) == "no error")
    }
}
