internal import CLinux
internal import Glibc

/// Landlock, by which a process takes rights from itself for ever (Linux, Documentation/userspace-api/landlock.rst).
public enum Landlock {
    /// The version of the interface, from 1; 0 where the kernel has none, or has it switched off.
    public static var version: Int { max(0, Int(linux_landlock_version())) }

    /// From now on this process opens no file but by `rules`, starts no program, and, as far as the kernel can see to that, binds no
    /// TCP port (version 4) unless it `mayBind`, connects to no abstract Unix socket and signals nobody outside (6). What is open stays usable.
    ///
    /// Paths that are not there, or that this process may not reach, are left out. It holds for the calling thread and for those
    /// that it starts, so there must be no other yet. The process must have given up new privileges.
    ///
    /// - Returns: the version.
    /// - Throws: where the kernel cannot do it; nothing is restricted then.
    public static func restrict(to rules: some Sequence<FileRule>, mayBind: Bool = false) throws(SystemError) -> Int {
        let others = otherThreadsCount
        guard others == 0 else {
            throw SystemError(call: "landlock_restrict_self", errno: EBUSY, subject: "a process with \(others) more threads")
        }
        return try restrictThread(to: rules, mayBind: mayBind)
    }

    /// The same, of a thread that others are beside.
    static func restrictThread(to rules: some Sequence<FileRule>, mayBind: Bool = false) throws(SystemError) -> Int {
        let version = Int(linux_landlock_version())
        guard version > 0 else { throw fault("landlock_create_ruleset") }
        let handled = Right.known(to: version)
        let ruleset = linux_landlock_make(handled, version >= 4 && !mayBind ? Right.bindTCP : 0, version >= 6 ? Right.abstractSockets | Right.signals : 0)
        guard ruleset >= 0 else { throw fault("landlock_create_ruleset") }
        defer { close(ruleset) }
        for rule in rules { try allow(rule, handled, ruleset) }
        guard linux_landlock_restrict(ruleset) == 0 else { throw fault("landlock_restrict_self") }
        return version
    }

    private static func allow(_ rule: FileRule, _ handled: UInt64, _ ruleset: Int32) throws(SystemError) {
        let descriptor = linux_open_path(rule.path, 1)
        guard descriptor >= 0 else {
            if [ENOENT, ENOTDIR, EACCES, ELOOP].contains(errno) { return }
            throw SystemError(call: "open", errno: errno, subject: rule.path)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemError(call: "fstat", errno: errno, subject: rule.path) }
        var rights = Right.of(rule.use) & handled
        // What concerns the names in a directory means nothing for a file, and is refused.
        if status.st_mode & S_IFMT != S_IFDIR { rights &= Right.ofFiles }
        guard rights == 0 || linux_landlock_allow(ruleset, descriptor, rights) == 0 else {
            throw SystemError(call: "landlock_add_rule", errno: errno, subject: rule.path)
        }
    }

    /// The directory of the threads has a link for each, and two of its own.
    private static var otherThreadsCount: Int {
        var status = stat()
        return stat("/proc/self/task", &status) == 0 ? max(0, Int(status.st_nlink) - 3) : 0
    }

    private static func fault(_ call: String) -> SystemError {
        SystemError(call: call, errno: errno, subject: "this process")
    }
}

/// The bits of the interface.
private enum Right {
    static let writeFile: UInt64 = 1 << 1
    static let readFile: UInt64 = 1 << 2
    static let readDirectory: UInt64 = 1 << 3
    static let removeFile: UInt64 = 1 << 5
    static let makeFile: UInt64 = 1 << 8
    static let makeSocket: UInt64 = 1 << 9
    static let truncate: UInt64 = 1 << 14

    static let bindTCP: UInt64 = 1 << 0
    static let abstractSockets: UInt64 = 1 << 0
    static let signals: UInt64 = 1 << 1

    static let ofFiles = writeFile | readFile | truncate

    /// All that concern files: 13, and one more with versions 2 (moving to other directories), 3 (truncating) and 5 (devices).
    static func known(to version: Int) -> UInt64 {
        let count: UInt64 =
            switch version {
            case 1: 13
            case 2: 14
            case 3, 4: 15
            default: 16
            }
        return (1 << count) - 1
    }

    static func of(_ use: FileRule.Use) -> UInt64 {
        switch use {
        case .read: readFile | readDirectory
        case .append: writeFile | makeFile
        case .replace: readFile | writeFile | makeFile | removeFile | truncate
        case .remove: removeFile | makeSocket
        case .device: readFile | writeFile
        }
    }
}
