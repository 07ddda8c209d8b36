import Glibc
import Testing

@testable import TLS

/// Against the `openssl` program over loopback: our two sides could agree on the same mistake.
@Suite(.enabled(if: access("/usr/bin/openssl", X_OK) == 0), .timeLimit(.minutes(5)))
struct InteroperationTests {
    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func `our client talks to openssl s_server and resumes`(version: String) throws {
        let folder = try Folder()
        let (authority, _) = try issue(into: folder)
        let program = try Program([
            "s_server", "-accept", "127.0.0.1:0", "-cert", folder.path("chain.pem"), "-key", folder.path("key.pem"),
            version, "-rev", "-alpn", "http/1.1",
        ])
        let port = try program.port()
        let context = try Setting.client(trusting: authority)
        for round in 0..<2 {
            let socket = try Socket(connectedTo: port)
            var connection = try TLSConnection(
                client: context, serverName: "api.example", transport: socket, descriptor: socket.descriptor)
            #expect(try connection.handshakeBlocking() == .done)
            #expect(connection.isResumed == (round == 1))
            #expect(try connection.write(text: Array("abc\n".utf8)) == .bytes(4))
            #expect(try connection.readBlocking(4) == Array("cba\n".utf8))
            connection.sendCloseNotify()
        }
    }

    @Test func `openssl s_client finds our certificates strictly valid and gets its answer`() throws {
        let folder = try Folder()
        let (_, server) = try issue(into: folder)
        let listener = try Socket.listening()
        let program = try Program([
            "s_client", "-connect", "127.0.0.1:\(try listener.port())", "-CAfile", folder.path("ca.pem"), "-x509_strict",
            "-verify_return_error", "-verify_hostname", "api.example", "-servername", "api.example", "-quiet",
        ])
        let socket = try listener.accept()
        var connection = try TLSConnection(server: server, transport: socket, descriptor: socket.descriptor)
        #expect(try connection.handshakeBlocking() == .done)
        let answer = Setting.content(200_000).map { $0 % 26 + 97 }
        #expect(try connection.write(text: answer) == .bytes(answer.count))
        connection.sendCloseNotify()
        socket.shutdownWriting()
        #expect(try program.readToEnd().contains(String(decoding: answer, as: UTF8.self)))
    }

    @Test func `a client certificate is presented, and a server that misses it says so by an alert`() throws {
        let folder = try Folder()
        let (authority, _) = try issue(into: folder)
        let program = try Program([
            "s_server", "-accept", "127.0.0.1:0", "-cert", folder.path("chain.pem"), "-key", folder.path("key.pem"),
            "-tls1_3", "-rev", "-Verify", "1", "-verify_return_error", "-CAfile", folder.path("ca.pem"),
        ])
        let port = try program.port()
        let settings = ClientSettings(
            trust: .file(folder.path("ca.pem")), clientCertificateFile: folder.path("chain.pem"),
            clientKeyFile: folder.path("key.pem"))
        do {
            let socket = try Socket(connectedTo: port)
            var connection = try TLSConnection(
                client: TLSContext.client(settings), serverName: "api.example", transport: socket,
                descriptor: socket.descriptor)
            #expect(try connection.handshakeBlocking() == .done)
            #expect(try connection.write(text: Array("abc\n".utf8)) == .bytes(4))
            #expect(try connection.readBlocking(4) == Array("cba\n".utf8))
            connection.sendCloseNotify()
        }
        let socket = try Socket(connectedTo: port)
        var connection = try TLSConnection(
            client: Setting.client(trusting: authority), serverName: "api.example", transport: socket,
            descriptor: socket.descriptor)
        #expect(try connection.handshakeBlocking() == .done)
        #expect(throws: TLSError.alert(peer: "api.example", reason: "alert 116, certificate required")) {
            try connection.readBlocking(1)
        }
    }

    @Test func `openssl verifies our RS256 signature`() throws {
        let folder = try Folder()
        let key = try SigningKey()
        let bytes = Array("header.payload".utf8)
        try folder.write("public.pem", key.publicKeyPEM)
        try folder.write("signature", key.signRS256(bytes))
        try folder.write("bytes", bytes)
        let program = try Program([
            "dgst", "-sha256", "-verify", folder.path("public.pem"), "-signature", folder.path("signature"),
            folder.path("bytes"),
        ])
        #expect(try program.readToEnd() == "Verified OK\n")
    }

    private func issue(into folder: borrowing Folder) throws -> (Authority, TLSContext) {
        let authority = try Authority(commonName: "Test Authority")
        let issued = try authority.issue(names: ["api.example", "127.0.0.1"])
        try folder.write("ca.pem", authority.certificatePEM)
        try folder.write("chain.pem", issued.certificateChainPEM)
        try folder.write("key.pem", issued.privateKeyPEM)
        return (
            authority,
            try TLSContext.server(
                certificateChainPEM: issued.certificateChainPEM, privateKeyPEM: issued.privateKeyPEM)
        )
    }
}

extension TLSConnection {
    /// Over a blocking socket.
    mutating func handshakeBlocking() throws(TLSError) -> Progress {
        var progress = try handshake()
        while progress == .wantsRead {
            socketReadable()
            progress = try handshake()
        }
        return progress
    }

    /// Over a blocking socket: that many bytes.
    mutating func readBlocking(_ count: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            socketReadable()
            let (transfer, bytes) = try readOnce()
            if transfer == .closed { break }
            all += bytes
        }
        return all
    }
}
