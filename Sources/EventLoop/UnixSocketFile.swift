internal import CLinux
internal import Glibc

/// The file by which clients find a Unix socket: who may open it is what its mode, owner and group say.
public enum UnixSocketFile {
    /// The first of the directories above `path` in which every user of the machine may replace what is there, and so put a
    /// socket of their own in its place; nil if there is none. In a directory with the sticky bit nobody may.
    public static func unsafeDirectory(above path: String) -> String? {
        var directory = path[...]
        while let slash = directory.lastIndex(of: "/") {
            directory = directory[..<slash]
            let name = directory.isEmpty ? "/" : String(directory)
            var status = stat()
            if stat(name, &status) == 0, status.st_mode & 0o1002 == 0o002 { return name }
        }
        return nil
    }

    /// Binds a socket to a new file, which is open to nobody but whom the wanted mode names from its first moment; with a group, it is
    /// its owner's alone until it has the group. What stands there in the end is checked.
    static func bind(_ descriptor: Int32, to path: String, _ options: ListenOptions) throws(SystemError) {
        let address = SocketAddress.unix(path)
        let group = try options.group.map { name throws(SystemError) in
            guard let group = Accounts.group(text: name) else {
                throw SystemError(call: "getgrnam", errno: ENOENT, subject: "group \(name)")
            }
            return group
        }
        let mode = options.mode & 0o777
        let first = group == nil ? mode : mode & 0o700
        // The file's mode is the socket's own, less the umask, which stays as it is: it belongs to all threads, and to the programs that
        // they start. So the file is never open to more than it is to be.
        fchmod(descriptor, first)
        guard address.withSystemForm({ linux_bind(descriptor, $0, $1) }) == 0 else {
            throw SystemError(call: "bind", errno: errno, subject: address.description)
        }
        try settle(path, mode: mode, group: group)
    }

    /// Gives the file its group and mode. It is held by a descriptor: by its name, another could be changed that somebody has put
    /// there, or that a link leads to.
    private static func settle(_ path: String, mode: UInt32, group: UInt32?) throws(SystemError) {
        let subject = "unix:\(path)"
        let file = linux_open_path(path, 0)
        guard file >= 0 else { throw SystemError(call: "open", errno: errno, subject: subject) }
        defer { close(file) }
        guard let made = status(of: file), made.st_mode & S_IFMT == S_IFSOCK, made.st_uid == geteuid(), made.st_nlink == 1 else {
            throw replaced(path)
        }
        do throws(SystemError) {
            if let group, made.st_gid != group, linux_give_away(file, .max, group) != 0 {
                throw SystemError(call: "chown", errno: errno, subject: subject)
            }
            // After the group: to change that may take bits away.
            if let now = status(of: file), now.st_mode & 0o7777 != mode, chmod("/proc/self/fd/\(file)", mode) != 0 {
                throw SystemError(call: "chmod", errno: errno, subject: subject)
            }
            guard let now = status(of: file), now.st_mode & 0o7777 == mode, group == nil || now.st_gid == group, isHeld(path, by: file)
            else { throw replaced(path) }
        } catch {
            remove(path, heldBy: file)
            throw error
        }
    }

    /// Takes the file away that a descriptor holds. What somebody else has put in its place stays.
    static func remove(_ path: String, heldBy file: Int32) {
        if isHeld(path, by: file) { unlink(path) }
    }

    private static func isHeld(_ path: String, by file: Int32) -> Bool {
        var named = stat()
        guard let held = status(of: file), lstat(path, &named) == 0 else { return false }
        return named.st_ino == held.st_ino && named.st_dev == held.st_dev
    }

    private static func status(of file: Int32) -> stat? {
        var status = stat()
        return fstat(file, &status) == 0 ? status : nil
    }

    private static func replaced(_ path: String) -> SystemError {
        SystemError(call: "bind", errno: EEXIST, subject: "unix:\(path), where somebody else has put another file")
    }

    /// A socket file that nobody listens on is left from an earlier run. Anything else in its place stays.
    ///
    /// - Parameter probe: an unconnected Unix socket.
    static func removeStale(_ path: String, probe: Int32) throws(SystemError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw SystemError(call: "bind", errno: EEXIST, subject: "unix:\(path), which is no socket")
        }
        let code = SocketAddress.unix(path).withSystemForm { linux_connect(probe, $0, $1) }
        guard code != 0, errno == ECONNREFUSED else {
            throw SystemError(call: "bind", errno: EADDRINUSE, subject: "unix:\(path)")
        }
        guard unlink(path) == 0 || errno == ENOENT else {
            throw SystemError(call: "unlink", errno: errno, subject: "unix:\(path), left from an earlier run")
        }
    }
}
