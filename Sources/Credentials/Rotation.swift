/// What may become of a credential's secrets while it is in use.
public enum Rotation: Sendable {
    /// They stay what they were at the start: variables of the environment.
    case never
    /// They may be others when they are read again: what a command prints.
    case readable
    /// Besides, a look tells whether they may be others, at little cost: files.
    case watchable
}
