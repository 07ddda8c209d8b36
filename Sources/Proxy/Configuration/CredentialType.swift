/// The types of credentials by their names in the file.
public enum CredentialType: String, Sendable, CaseIterable {
    case bloq
    case bloqAccount = "bloq-account"
    case bloquo
    case oauth2
    case tokenEndpoint = "token-endpoint"
    case basic
    case fixed = "static"
}
