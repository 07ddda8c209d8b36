internal import CLinux
internal import Glibc

/// What keeps the memory of this process from others, and new rights from it.
public enum ProcessProtection {
    /// From now on no core is dumped, no other process of the same user may attach to this one or read its memory, and no program
    /// that it starts gains rights by its file's mode. To be called first of all; what a program inherits of this does it no harm.
    ///
    /// - Returns: what the kernel refused.
    public static func apply() -> [SystemError] {
        var faults: [SystemError] = []
        // The file is root's as soon as the process is not to be dumped. It is for those who may attach all the same: a core that
        // root takes has no memory of ours in it. A kernel without cores has no such file.
        if let fault = excludeMemoryFromCores() { faults.append(fault) }
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        if setrlimit(__rlimit_resource_t(UInt32(RLIMIT_CORE.rawValue)), &limit) != 0 { faults.append(fault("setrlimit", "the size of cores")) }
        if let fault = forbidDumps() { faults.append(fault) }
        if linux_set_process_option(PR_SET_NO_NEW_PRIVS, 1) != 0 { faults.append(fault("prctl", "no new privileges")) }
        return faults
    }

    /// The part of it that ends when the process becomes another user.
    static func forbidDumps() -> SystemError? {
        linux_set_process_option(PR_SET_DUMPABLE, 0) == 0 ? nil : fault("prctl", "not to be dumped")
    }

    private static func excludeMemoryFromCores() -> SystemError? {
        // One that was not to be dumped from the start, as a program with capabilities is, may not open it and need not.
        guard linux_process_option(PR_GET_DUMPABLE) == 1 else { return nil }
        let path = "/proc/self/coredump_filter"
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno == ENOENT ? nil : fault("open", path) }
        defer { close(descriptor) }
        return write(descriptor, "0", 1) == 1 ? nil : fault("write", path)
    }

    private static func fault(_ call: String, _ subject: String) -> SystemError {
        SystemError(call: call, errno: errno, subject: subject)
    }
}
