internal import CLinux
internal import Glibc

/// Another user that a process of root's becomes, with a primary group and all groups of that user.
public struct ProcessUser: Sendable {
    public let name: String
    public let id: UInt32
    public let group: UInt32
    let groups: [UInt32]
    private let home: String

    /// Whether this process has root's rights.
    public static var isRoot: Bool { geteuid() == 0 }

    /// The user of `NAME`, `NAME:GROUP`, or numbers in their place. Root is none that anyone becomes.
    public init(_ text: String) throws(ProcessUserError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let entry = Self.entry(parts[0])?.pointee else { throw .unknownUser(parts[0]) }
        name = String(cString: entry.pw_name)
        id = entry.pw_uid
        home = String(cString: entry.pw_dir)
        guard id != 0 else { throw .isRoot(parts[0]) }
        if parts.count == 2 {
            guard let group = Self.groupID(parts[1]) else { throw .unknownGroup(parts[1]) }
            self.group = group
        } else {
            group = entry.pw_gid
        }
        groups = Self.groups(of: name, with: group)
    }

    private static func entry(_ text: String) -> UnsafeMutablePointer<passwd>? {
        if let entry = getpwnam(text) { return entry }
        return UInt32(text).flatMap { getpwuid($0) }
    }

    private static func groupID(_ text: String) -> UInt32? {
        if let entry = getgrnam(text) { return entry.pointee.gr_gid }
        return UInt32(text)
    }

    private static func groups(of name: String, with group: UInt32) -> [UInt32] {
        // The kernel lets a process have no more.
        var count: Int32 = 65_536
        var groups = [gid_t](repeating: 0, count: Int(count))
        guard getgrouplist(name, group, &groups, &count) >= 0 else { return [group] }
        return Array(groups.prefix(Int(count)))
    }

    // MARK: becoming

    /// From now on files are opened, and programs started, as the user does it. `resumeRoot` is possible.
    public func assume() throws(SystemError) {
        try require(setgroups(groups.count, groups) == 0, "setgroups")
        try require(setresgid(group, group, gid_t.max) == 0, "setresgid")
        // A program that is started keeps nothing of the third, which is root's as yet.
        try require(setresuid(id, id, uid_t.max) == 0, "setresuid")
        // For programs, which look for their own files there.
        setenv("HOME", home, 1)
        setenv("USER", name, 1)
        setenv("LOGNAME", name, 1)
    }

    /// Ends `assume`: root's rights are there again, for ports below 1024 and the like.
    public func resumeRoot() throws(SystemError) {
        try require(setresuid(uid_t.max, 0, uid_t.max) == 0, "setresuid")
    }

    /// The process is the user's for ever.
    ///
    /// - Throws: if it is not, or could go back. It must not go on then.
    public func become() throws(SystemError) {
        try require(setgroups(groups.count, groups) == 0, "setgroups")
        try require(setresgid(group, group, group) == 0, "setresgid")
        try require(setresuid(id, id, id) == 0, "setresuid")
        if let fault = ProcessProtection.forbidDumps() { throw fault }
        try check()
    }

    private func check() throws(SystemError) {
        var users: (uid_t, uid_t, uid_t) = (0, 0, 0)
        var primary: (gid_t, gid_t, gid_t) = (0, 0, 0)
        try require(getresuid(&users.0, &users.1, &users.2) == 0 && users == (id, id, id), "getresuid", EPERM)
        try require(getresgid(&primary.0, &primary.1, &primary.2) == 0 && primary == (group, group, group), "getresgid", EPERM)
        var present = [gid_t](repeating: 0, count: 65_536)
        let count = getgroups(Int32(present.count), &present)
        try require(count >= 0 && Set(present.prefix(Int(max(0, count)))) == Set(groups), "getgroups", EPERM)
        try require(linux_capabilities() == 0, "capget", EPERM)
        try require(setresuid(uid_t.max, 0, uid_t.max) != 0, "setresuid back to root", EPERM)
    }

    private func require(_ isDone: Bool, _ call: String, _ code: Int32? = nil) throws(SystemError) {
        if !isDone { throw SystemError(call: call, errno: code ?? errno, subject: "user \(name)") }
    }

    // MARK: files

    /// Gives a socket's file to the user, and to the primary group unless it `keepsGroup`. Only a socket: what somebody has put
    /// into its place meanwhile stays whose it is.
    public func own(socket path: String, keepsGroup: Bool) throws(SystemError) {
        let descriptor = linux_open_path(path, 0)
        guard descriptor >= 0 else { throw SystemError(call: "open", errno: errno, subject: "unix:\(path)") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
            throw SystemError(call: "chown", errno: EEXIST, subject: "unix:\(path), which is no socket")
        }
        guard linux_give_away(descriptor, id, keepsGroup ? gid_t.max : group) == 0 else {
            throw SystemError(call: "chown", errno: errno, subject: "unix:\(path)")
        }
    }
}
