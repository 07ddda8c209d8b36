import Credentials
import Testing

@testable import Proxy

@Suite struct EgressVariableTests {
    private func variable(_ text: String) throws -> EgressVariable { try EgressVariable(Array(text.utf8)) }

    @Test(arguments: [
        ("http://proxy.example:3128", "proxy.example", 3128), ("http://proxy.example", "proxy.example", 80),
        ("Proxy.example:3128", "proxy.example", 3128), ("http://10.0.0.1:8080/", "10.0.0.1", 8080),
        ("HTTP://[fd00::1]:8080", "fd00::1", 8080), ("proxy", "proxy", 80),
    ])
    func `a proxy is named with its scheme or without`(text: String, host: String, port: UInt16) throws {
        let variable = try variable(text)
        #expect(variable.endpoint == Endpoint(host: host, port: port) && variable.credentials == nil)
    }

    @Test(arguments: [
        ("http://me:pass@p:1", "me", "pass"), ("me:pass@p:1", "me", "pass"), ("http://me@p:1", "me", ""), ("http://me:@p:1", "me", ""),
        ("http://d%5Cme:p%40s%3As%25@p:1", "d\\me", "p@s:s%"), ("http://me:p@ss:w/rd@p:1", "me", "p@ss:w/rd"),
        ("http://me:caf%C3%A9@p:1", "me", "café"),
    ])
    func `user name and password stand before the last @, percent-encoded`(text: String, username: String, password: String) throws {
        let variable = try variable(text)
        #expect(variable.endpoint == Endpoint(host: "p", port: 1))
        #expect(variable.credentials?.username == Secret(username) && variable.credentials?.password == Secret(password))
    }

    @Test(arguments: [
        "https://me:hunter2@p:1", "socks5://me:hunter2@p:1", "http://me:hunter2@p:1/path", "http://me:hunter2@p:0", "http://me:hunter2@",
        "http://me:hunter2%@p:1", "http://me:hunter2%4@p:1", "http://me:hunter2%zz@p:1", "me:hunter2://x@p/a?b", "http://me:hun/ter2@hunter.example@p:x",
        "http://p:99999", "", "http://", "p p", "http://p?x=1", "http://p#x", "\u{0}",
    ])
    func `what is none is refused, and no message repeats what may be a password`(text: String) throws {
        let error = #expect(throws: Malformed.self) { try variable(text) }
        #expect(error?.reason.contains("hunter") == false)
    }
}
