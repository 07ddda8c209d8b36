import CMemory
import Glibc
import Testing

@testable import Credentials

@Suite struct SecretTests {
    @Test func `the bytes come back as they went in`() {
        #expect(Secret("häuser").revealed == "häuser")
        #expect(Secret([0, 255, 7]).withBytes { span in span.indices.map { span[$0] } } == [0, 255, 7])
        #expect(Secret("").count == 0)
        #expect(Secret([1, 2, 3]).count == 3)
    }

    @Test(arguments: [("abc", "abc", true), ("abc", "abd", false), ("abc", "ab", false), ("", "", true), ("xbc", "abc", false)])
    func `equality is that of the bytes`(left: String, right: String, isEqual: Bool) {
        #expect((Secret(left) == Secret(right)) == isEqual)
    }

    @Test func `its memory is in no core, in no child and not in the swap`() throws {
        let secret = Secret([UInt8](repeating: 0xA5, count: 5000))
        let address = secret.withBytes { $0.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) } }
        let flags = try #require(Self.flags(ofMappingAt: address), "/proc/self/smaps tells of each mapping")
        #expect(flags.contains("dd"), "not to be dumped: \(flags)")
        #expect(flags.contains("wf"), "wiped in a child: \(flags)")
        #expect(flags.contains("lo"), "locked, unless RLIMIT_MEMLOCK allows nothing: \(flags)")
        let plain = [UInt8](repeating: 1, count: 5000)
        let other = plain.withUnsafeBufferPointer { Self.flags(ofMappingAt: UInt(bitPattern: $0.baseAddress)) }
        #expect(other?.contains("dd") == false)
    }

    @Test func `its memory is overwritten and given back`() throws {
        var address: UInt = 0
        do {
            let secret = Secret([UInt8](repeating: 0xA5, count: 200_000))
            address = secret.withBytes { $0.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) } }
            #expect(Self.flags(ofMappingAt: address)?.contains("dd") == true)
        }
        #expect(Self.flags(ofMappingAt: address)?.contains("dd") != true)
        var bytes = [UInt8](repeating: 0xA5, count: 64)
        bytes.withUnsafeMutableBytes { memory_wipe($0.baseAddress!, $0.count) }
        #expect(bytes == [UInt8](repeating: 0, count: 64))
    }

    @Test func `a secret is not encodable`() {
        #expect(!(Secret("hush") as Any is any Encodable))
        #expect(!(Secret("hush") as Any is any Hashable), "a hash would be a way to compare, and to guess")
    }

    /// `VmFlags` of the mapping that holds an address (proc_pid_smaps(5)).
    private static func flags(ofMappingAt address: UInt) -> [Substring]? {
        guard let file = fopen("/proc/self/smaps", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 4096)
        var isInside = false
        while fgets(&line, Int32(line.count), file) != nil {
            let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split { " \n".contains($0) }
            guard let first = words.first else { continue }
            let ends = first.split(separator: "-").compactMap { UInt($0, radix: 16) }
            if ends.count == 2 { isInside = ends[0] <= address && address < ends[1] }
            if isInside, first == "VmFlags:" { return Array(words.dropFirst()) }
        }
        return nil
    }

    @Test func `nothing that prints a value shows a secret`() throws {
        let words = ["hush-id", "hush-secret", "hush-token", "hush-refresh", "hush-customer", "hush-user", "hush-password",
                     "aHVzaC11c2VyOmh1c2gtcGFzc3dvcmQ="]
        let bloq = try Grant.calls(.bloq(clientId: Secret("hush-id"), clientSecret: Secret("hush-secret")))
        let bloquo = try Grant.calls(.bloquo(
            customerId: Secret("hush-customer"), clientId: Secret("hush-id"), clientSecret: Secret("hush-secret")))
        let machine = Machine(bloq)
        let action = machine.cache.nextAction(at: machine.now)
        let outcome = machine.answer(200, #"{"accessToken":"hush-token","refreshToken":"hush-refresh"}"#)
        let refused = machine.refuse(1)
        let refresh = machine.cache.nextAction(at: machine.now)
        let failure = machine.answer(500, "hush-token hush-secret")
        let values: [Any] = [
            Secret("hush-token"), [Secret("hush-token")], Optional(Secret("hush-token")) as Any, bloq, bloquo,
            try Grant.fixed(token: Secret("hush-token")),
            try Grant.basic(username: Secret("hush-user"), password: Secret("hush-password")),
            try Grant.calls(.bloqAccount(username: Secret("hush-user"), password: Secret("hush-password"))),
            try Grant.calls(.oauth2(path: "/", clientId: Secret("hush-id"), clientSecret: Secret("hush-secret"))),
            action, outcome, refused, refresh, failure, machine.cache, machine.use(), machine.cache.status(at: machine.now),
            TokenCache(grant: bloquo, seed: 1),
        ]
        for value in values {
            for text in printed(value) {
                for word in words { #expect(!text.contains(word), "\(type(of: value))") }
            }
        }
        #expect(machine.token == "hush-token")
    }

    @Test func `no error shows what was configured`() {
        for value in ["hush hush", "", String(repeating: "hush", count: 5_000), "hush\u{0}", ".."] {
            let errors = [
                error { () throws(CredentialError) in _ = try Grant.fixed(token: Secret(value)) },
                error { () throws(CredentialError) in _ = try Grant.basic(username: Secret(value), password: Secret(value)) },
                error { () throws(CredentialError) in _ = try Grant.calls(.bloq(clientId: Secret(value), clientSecret: Secret("x"))) },
                error { () throws(CredentialError) in
                    _ = try Grant.calls(.bloquo(customerId: Secret(value), clientId: Secret("x"), clientSecret: Secret("x")))
                },
            ]
            for error in errors.compactMap({ $0 }) {
                for text in printed(error) + [error.message] { #expect(!text.contains("hush")) }
            }
            #expect(errors.contains { $0 != nil })
        }
    }

    private func error(_ body: () throws(CredentialError) -> Void) -> CredentialError? {
        do { try body() } catch { return error }
        return nil
    }

    private func printed(_ value: Any) -> [String] {
        var dumped = ""
        dump(value, to: &dumped)
        return [String(describing: value), String(reflecting: value), "\(value)", dumped]
    }
}
