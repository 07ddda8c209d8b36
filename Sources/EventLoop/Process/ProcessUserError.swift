/// Why nobody becomes the user that was named.
public enum ProcessUserError: Error, Equatable, Sendable, CustomStringConvertible {
    case unknownUser(String)
    case unknownGroup(String)
    case isRoot(String)

    public var description: String {
        switch self {
        case .unknownUser(let name): "this machine knows no user \(name); write one that it has, or make one: useradd --system \(name)"
        case .unknownGroup(let name): "this machine knows no group \(name); write one that it has, or leave the group out"
        case .isRoot(let name): "\(name) is root, whose rights are to be given up; write another user"
        }
    }
}
