/// Rules by name, so that nobody has to know all paths of a provider.
public enum Preset: String, Sendable, CaseIterable {
    /// Nothing that moves money or publishes.
    case readOnly = "read-only"
}
