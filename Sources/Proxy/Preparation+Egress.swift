internal import Credentials

extension Preparation {
    /// The proxy that the configuration, or else the environment, names for the way to origins beyond this machine; nil where there
    /// is none, or where it is unusable, which is among the findings then.
    mutating func configuredEgress() -> Egress? {
        // Looked at whatever the file says, since what may hold a password is concealed by it.
        let variables = ["HTTPS_PROXY", "https_proxy"].compactMap { name in secrets.setting(name).map { (name, $0) } }
        switch configuration.egress {
        case .direct: return nil
        case .environment:
            // A variable that nothing uses may say what it likes.
            guard configuration.mayNeedEgress, let (name, value) = variables.first else { return nil }
            return environmentEgress(name, value)
        case .proxy(let proxy):
            let sources = proxy.secretSources.map { EgressSource($0, value: read($0)) }
            return Egress(
                endpoint: proxy.endpoint, setting: "egressProxy", exceptions: EgressExceptions(), sources: sources,
                authorization: sources.isEmpty ? nil : authorization(sources))
        }
    }

    /// The Proxy-Authorization of a user name and a password; nil if they were not read, or cannot be used, which is among the
    /// findings then.
    mutating func authorization(_ sources: [EgressSource]) -> Secret? {
        guard sources.count == 2, let username = sources[0].value, let password = sources[1].value else { return nil }
        do throws(CredentialError) {
            return try ProxyAuthorization.basic(username: username, password: password)
        } catch {
            report(Finding(place: sources[error.setting == "password" ? 1 : 0].source.place, message: error.message))
            return nil
        }
    }

    private mutating func environmentEgress(_ name: String, _ value: [UInt8]) -> Egress? {
        let variable: EgressVariable
        do {
            variable = try EgressVariable(value)
        } catch {
            report(Finding(variable: name, message: "\(error.reason); or write \"egressProxy\" into the configuration"))
            return nil
        }
        var authorization: Secret?
        if let (username, password) = variable.credentials {
            do {
                authorization = try ProxyAuthorization.basic(username: username, password: password)
            } catch {
                report(Finding(variable: name, message: error.message))
                return nil
            }
        }
        return Egress(
            endpoint: variable.endpoint, setting: name, exceptions: exceptions(), sources: [], authorization: authorization)
    }

    private func exceptions() -> EgressExceptions {
        for name in ["NO_PROXY", "no_proxy"] {
            guard let value = secrets.setting(name) else { continue }
            let exceptions = EgressExceptions(String(decoding: value, as: UTF8.self))
            for entry in exceptions.unknown {
                secrets.warn(Finding(variable: name, message: "\(quoted(entry)) is no name, address or network, and stands for nothing"))
            }
            return exceptions
        }
        return EgressExceptions()
    }
}
