import Glibc
import Testing

@testable import EventLoop

struct ProcessUserTests {
    @Test func `a user is known by name and by number`() throws {
        let byName = try ProcessUser("nobody")
        let byNumber = try ProcessUser("\(byName.id)")
        #expect(byNumber.name == "nobody" && byNumber.group == byName.group && byName.id != 0)
        #expect(byName.groups.contains(byName.group))
        let daemon = try #require(getgrnam("daemon")?.pointee.gr_gid)
        #expect(try ProcessUser("nobody:daemon").group == daemon && ProcessUser("nobody:\(daemon)").groups.contains(daemon))
    }

    @Test(arguments: [
        ("root", ProcessUserError.isRoot("root")), ("0", .isRoot("0")), ("", .unknownUser("")), ("no-such-user", .unknownUser("no-such-user")),
        ("nobody:", .unknownGroup("")), ("nobody:no-such-group", .unknownGroup("no-such-group")), (":daemon", .unknownUser("")),
        ("4000000000", .unknownUser("4000000000")), ("-1", .unknownUser("-1")),
    ])
    func `nobody becomes root, or a user that is none`(text: String, error: ProcessUserError) {
        #expect(throws: error) { try ProcessUser(text) }
        #expect(error.description.contains("write") || error.description.contains("leave"))
    }
}
