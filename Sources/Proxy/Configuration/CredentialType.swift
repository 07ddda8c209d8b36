/// The types of credentials by their names in the file.
public enum CredentialType: String, Sendable, CaseIterable {
    case bloq
    case bloquo
    case basic
    case fixed = "static"
}
