import EventLoop
import Glibc
import Testing

/// Pages of the program's files.
struct ProgramPagesTests {
    @Test func `what is given back comes back when it is used`() {
        #expect(ProgramPages.release() > 1 << 20)
        // Code, constants and libraries work as before.
        #expect(String(repeating: "ab", count: 3).uppercased() == "ABABAB")
        #expect(strerror(ENOENT).map { String(cString: $0) } == "No such file or directory")
    }
}
