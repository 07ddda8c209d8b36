internal import Glibc

/// The users and groups that the system knows: its files, or whatever services `nsswitch.conf` names. A look-up may wait for such
/// a service.
public enum Accounts {
    /// The user of this name; nil if there is none.
    public static func user(named name: String) -> UInt32? {
        entry(passwd()) { getpwnam_r(name, $0, $1, $2, $3) } read: { $0.pw_uid }
    }

    /// The group of this name; nil if there is none.
    public static func group(named name: String) -> UInt32? {
        entry(Glibc.group()) { getgrnam_r(name, $0, $1, $2, $3) } read: { $0.gr_gid }
    }

    /// A group by its name or, where no group has that name, by its number in decimal digits; nil if there is none.
    public static func group(text: String) -> UInt32? {
        if let group = group(named: text) { return group }
        // The greatest number stands for no group.
        guard let number = UInt32(text), number != .max, text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }) else { return nil }
        return number
    }

    /// The groups of a user, the first one included; none of a user that the system does not know.
    public static func groups(of user: UInt32) -> [UInt32] {
        let account = entry(passwd()) { getpwuid_r(user, $0, $1, $2, $3) } read: { (String(cString: $0.pw_name), $0.pw_gid) }
        guard let (name, primary) = account else { return [] }
        var groups = [UInt32](repeating: 0, count: 64)
        while groups.count <= Limits.groupsMax {
            var count = Int32(groups.count)
            if getgrouplist(name, primary, &groups, &count) >= 0 { return Array(groups.prefix(Int(count))) }
            groups = [UInt32](repeating: 0, count: groups.count * 2)
        }
        return []
    }

    private typealias Find<Entry> = (
        UnsafeMutablePointer<Entry>, UnsafeMutablePointer<CChar>, Int, UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>
    ) -> Int32

    /// Looks up with as much memory as the entry needs.
    private static func entry<Entry, Value>(_ empty: Entry, _ find: Find<Entry>, read: (Entry) -> Value) -> Value? {
        var count = 1024
        while count <= Limits.accountBytesMax {
            var entry = empty
            var found: UnsafeMutablePointer<Entry>?
            let (code, value) = withUnsafeTemporaryAllocation(of: CChar.self, capacity: count) { memory -> (Int32, Value?) in
                let code = find(&entry, memory.baseAddress!, memory.count, &found)
                return (code, code == 0 && found != nil ? read(entry) : nil)
            }
            guard code == ERANGE || code == EINTR else { return value }
            if code == ERANGE { count *= 4 }
        }
        return nil
    }
}
