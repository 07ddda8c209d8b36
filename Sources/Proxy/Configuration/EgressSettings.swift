/// How origins beyond this machine are reached: at once, or through an HTTP proxy that opens the way (`CONNECT`, RFC 9110,
/// section 9.3.6).
public enum EgressSettings: Sendable, Equatable {
    /// Nothing is said: as `HTTPS_PROXY` and `NO_PROXY` of the environment have it.
    case environment
    /// Through none, whatever the environment has.
    case direct
    /// Through this one, whatever the environment has.
    case proxy(EgressProxySettings)

    /// What has to be read before the proxy can be asked.
    var secretSources: [SecretSource] {
        if case .proxy(let proxy) = self { proxy.secretSources } else { [] }
    }
}
