internal import Credentials
internal import EventLoop

// The secrets of the credentials while the proxy runs: they are read anew when a token machine asks for it.

extension Server {
    /// Reads the secrets of a credential again, unless a loop does so already: files at once, commands beside the loop.
    /// `secretsRead` follows, and whichever loop has read goes on with the call that waits for it.
    func readSecrets(_ credential: CredentialState) {
        let isDue = credential.look { state in
            guard !state.isBeingRead, state.cache.awaitsSecrets else { return false }
            state.isBeingRead = true
            return true
        }
        guard isDue else { return }
        let reading = SecretsReading(credential.configuration.secretSources, from: secrets)
        credential.reading = reading
        for (position, arguments) in reading.commands {
            let token = EventToken(command: position, ofCredential: credential.index).rawValue
            loop.run(arguments, for: handlerID, token: token)
        }
        if reading.isComplete { endReading(credential, reading) }
    }

    /// They are known to be others by now: they are read, and a new token is asked for with them, while the one before serves.
    func renewSecrets(of credential: CredentialState) {
        credential.change { $0.cache.secretsChanged(at: now.sinceBeginning) }
        readSecrets(credential)
    }

    func commandFinished(_ credential: CredentialState, position: Int, token: UInt64) {
        guard let output = loop.takeOutput(for: handlerID, token: token), let reading = credential.reading else { return }
        reading.finished(position, output)
        guard reading.isComplete else { return }
        endReading(credential, reading)
        driveCredential(credential)
    }

    private func endReading(_ credential: CredentialState, _ reading: SecretsReading) {
        credential.reading = nil
        let name = credential.configuration.name
        var preparation = Preparation(configuration: configuration, secrets: reading)
        let prepared = preparation.preparedGrant(of: credential.configuration)
        for finding in preparation.findings {
            log.event(.warning, "credential \(name): its secrets stay as they were, since they cannot be read anew: \(finding)")
            note(.credential(name), code: "secrets_unreadable", "its secrets stay as they were, since they cannot be read anew: \(finding)")
        }
        tellWarnings()
        let isChanged = credential.change { state in
            state.isBeingRead = false
            guard state.cache.secretsRead(prepared?.grant, at: now.sinceBeginning), let prepared else { return false }
            let cache = state.cache
            state.grants.removeAll { !cache.knows($0.grant) }
            state.grants.append(prepared)
            return true
        }
        if isChanged { log.event(.info, "credential \(name): its secrets have changed, and the new ones are used") }
        // One that another configuration has replaced makes the call only where somebody waits for it.
        if isChanged || credential.isRetired { tellOthers(of: credential) }
    }

    /// While the credentials are refused: reads them if they may be others.
    func lookAtSecrets(_ credential: CredentialState) {
        if credential.configuration.secretSources.contains(where: { secrets.hasChanged($0) }) { readSecrets(credential) }
    }

    /// A token that needs no call was refused: it may have been replaced where it is read from.
    func rereadPermanentToken(_ credential: CredentialState) {
        guard credential.destination == nil, credential.configuration.rotation != .never else { return }
        let isDue = credential.look { state in
            guard now >= state.rereadTime else { return false }
            state.rereadTime = now + Limits.permanentTokenInterval
            return true
        }
        if isDue { readSecrets(credential) }
    }

    /// What is dangerous about the secrets, as far as it was not told before.
    func tellWarnings() {
        for warning in secrets.takeUntold() { log.event(.warning, warning.description) }
    }
}
