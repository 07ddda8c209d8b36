/// One entry of `allow.users`, as it is written: what it stands for on this machine is looked up at start.
public struct AllowedUser: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        case name(String)
        case number(UInt32)
        /// All members of a group, by its name or its number.
        case group(String)
    }

    public let kind: Kind
    public let place: Place
}
