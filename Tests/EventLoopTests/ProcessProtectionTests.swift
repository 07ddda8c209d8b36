import CLinux
import Glibc
import Testing

@testable import EventLoop

struct ProcessProtectionTests {
    @Test func `a protected process dumps no core and gains no rights`() async {
        await #expect(processExitsWith: .success) {
            precondition(linux_process_option(PR_GET_DUMPABLE) == 1 && linux_process_option(PR_GET_NO_NEW_PRIVS) == 0)
            precondition(ProcessProtection.apply() == [])
            precondition(linux_process_option(PR_GET_DUMPABLE) == 0 && linux_process_option(PR_GET_NO_NEW_PRIVS) == 1)
            var limit = rlimit()
            precondition(getrlimit(__rlimit_resource_t(UInt32(RLIMIT_CORE.rawValue)), &limit) == 0)
            precondition(limit.rlim_cur == 0 && limit.rlim_max == 0)
            // A second time is no fault, though the file may be root's by now.
            precondition(ProcessProtection.apply() == [])
        }
    }
}
