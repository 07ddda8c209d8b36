import EventLoop
import Glibc
import Testing

/// The system's users and groups, held against what `id` and `getent` say.
struct AccountsTests {
    private func said(_ arguments: String...) throws -> String {
        let output = try Command.run(arguments).get()
        return String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline).joined()
    }

    @Test(arguments: ["root", "daemon", "nobody"])
    func `a user has a number and groups`(name: String) throws {
        let user = try #require(Accounts.user(named: name))
        #expect("\(user)" == (try said("/usr/bin/id", "-u", name)))
        let groups = try said("/usr/bin/id", "-G", name).split(separator: " ").compactMap { UInt32($0) }
        #expect(Set(Accounts.groups(of: user)) == Set(groups))
    }

    @Test func `a group has a number, and a number is a group`() {
        #expect(Accounts.group(named: "root") == 0)
        #expect(Accounts.group(text: "root") == 0)
        #expect(Accounts.group(text: "4711") == 4711)
        for text in ["", "+1", "-1", "4294967295", "4294967296", "0x1", "no-such-group"] { #expect(Accounts.group(text: text) == nil) }
    }

    @Test func `what the system does not know is nobody`() {
        #expect(Accounts.user(named: "no-such-user") == nil)
        #expect(Accounts.user(named: "") == nil)
        #expect(Accounts.group(named: "no-such-group") == nil)
        #expect(Accounts.groups(of: 4_000_000_123).isEmpty)
    }
}
