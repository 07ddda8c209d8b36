internal import ArgumentParser
internal import EventLoop
internal import Glibc
internal import Proxy
internal import Sandbox

/// The directory with what a proxy needs to use the sandbox: the authority's certificate, demo secrets, a configuration.
struct SandboxFiles {
    let directory: String
    private let isTemporary: Bool
    private let names: [String]

    init(_ sandbox: Sandbox, directory: String?, proxyPorts: (UInt16, UInt16)) throws(SystemError) {
        isTemporary = directory == nil
        if let directory { self.directory = try Self.made(directory) } else { self.directory = try Self.makeTemporary() }
        let demo = sandbox.credentials
        let files: [(name: String, content: [UInt8])] = [
            ("ca.pem", sandbox.certificateAuthorityPEM),
            ("bloq-client-id", Array(demo.bloqClientID.utf8)),
            ("bloq-client-secret", Array(demo.bloqClientSecret.utf8)),
            ("bloquo-customer-id", Array(demo.bloquoCustomerID.utf8)),
            ("bloquo-client-id", Array(demo.bloquoClientID.utf8)),
            ("bloquo-client-secret", Array(demo.bloquoClientSecret.utf8)),
            ("proxy.json", Array(Self.configuration(sandbox, self.directory, proxyPorts).utf8)),
        ]
        names = files.map(\.name)
        for file in files { try write(file.content, to: path(file.name)) }
    }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    func configuration() throws -> Configuration {
        try ConfigurationFile.load(path("proxy.json"))
    }

    func removeIfTemporary() {
        guard isTemporary else { return }
        for name in names { unlink(path(name)) }
        rmdir(directory)
    }

    private static func made(_ directory: String) throws(SystemError) -> String {
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw SystemError(call: "mkdir", errno: errno, subject: directory)
        }
        // A path in the configuration is taken from where the proxy is started, which may be elsewhere.
        guard let absolute = realpath(directory, nil) else {
            throw SystemError(call: "realpath", errno: errno, subject: directory)
        }
        defer { free(absolute) }
        return String(cString: absolute)
    }

    private static func makeTemporary() throws(SystemError) -> String {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/bearerproxy-sandbox-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError(call: "mkdtemp", errno: errno, subject: parent) }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func write(_ content: [UInt8], to path: String) throws(SystemError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemError(call: "open", errno: errno, subject: path) }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, content, content.count) == content.count else {
            throw SystemError(call: "write", errno: errno, subject: path)
        }
    }

    private static func configuration(_ sandbox: Sandbox, _ directory: String, _ ports: (UInt16, UInt16)) -> String {
        """
        {
          "routes": [
            {
              "name": "btc",
              "listen": "127.0.0.1:\(ports.0)",
              "upstream": "https://\(Sandbox.connectHost)",
              "credential": "bloq",
              "socketIOToken": true,
              "connectTo": "\(sandbox.connect.address)",
              "tls": { "ca": "\(directory)/ca.pem" }
            },
            {
              "name": "bloquo",
              "listen": "127.0.0.1:\(ports.1)",
              "upstream": "https://\(Sandbox.bloquoHost)",
              "credential": "bloquo",
              "connectTo": "\(sandbox.bloquo.address)",
              "tls": { "ca": "\(directory)/ca.pem" }
            }
          ],
          "credentials": {
            "bloq": {
              "type": "bloq",
              "clientId": { "file": "\(directory)/bloq-client-id" },
              "clientSecret": { "file": "\(directory)/bloq-client-secret" },
              "accounts": "https://\(Sandbox.accountsHost)",
              "connectTo": "\(sandbox.accounts.address)",
              "tls": { "ca": "\(directory)/ca.pem" }
            },
            "bloquo": {
              "type": "bloquo",
              "customerId": { "file": "\(directory)/bloquo-customer-id" },
              "clientId": { "file": "\(directory)/bloquo-client-id" },
              "clientSecret": { "file": "\(directory)/bloquo-client-secret" },
              "api": "https://\(Sandbox.bloquoHost)",
              "connectTo": "\(sandbox.bloquo.address)",
              "tls": { "ca": "\(directory)/ca.pem" }
            }
          },
          "log": { "access": "stderr", "format": "text" }
        }

        """
    }
}
