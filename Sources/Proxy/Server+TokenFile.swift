internal import Credentials
internal import EventLoop
internal import TLS

// Tokens that outlive the process, each sealed with a key that is derived from all that it was obtained with.

extension Server {
    /// Takes over what an earlier process has kept, before anything else is done with the credentials.
    func restoreTokens(from file: TokenFile) {
        if let fault = file.fault { log.event(.warning, "\(quoted(file.path)): \(fault); what is missing is obtained anew") }
        var fitting: Set<String> = []
        for credential in credentials where restoreToken(of: credential, from: file) { fitting.insert(credential.configuration.name) }
        keepTokens(in: file) { fitting.contains($0) }
    }

    /// Those of credentials that were replaced come to nobody's use.
    func renewTokens(in file: TokenFile, former: [Int]) {
        var fitting: Set<String> = []
        for credential in credentials where former.contains(credential.index) || restoreToken(of: credential, from: file) {
            fitting.insert(credential.configuration.name)
        }
        keepTokens(in: file) { fitting.contains($0) }
    }

    private func keepTokens(in file: TokenFile, only isKept: (String) -> Bool) {
        let parts = Dictionary(uniqueKeysWithValues: credentials.map { ($0.configuration.name, $0.index) })
        do throws(SystemError) { try file.keep(of: parts, only: isKept) } catch {
            log.event(.warning, "\(quoted(file.path)) still holds tokens that are not used any more, sealed: \(error)")
        }
    }

    @discardableResult
    func restoreToken(of credential: CredentialState, from file: TokenFile) -> Bool {
        let name = credential.configuration.name
        guard let secret = credential.grants.last?.grant.sealingSecret, let sealed = file.sealed(for: name) else { return false }
        let record = open(sealed, secret, credential)
        guard let record else {
            log.event(
                .warning, "credential \(name): its token in \(quoted(file.path)) does not fit: it was sealed with other secrets or settings, or is "
                    + "damaged; a new one is obtained")
            return false
        }
        let wall = kernel.wallNow()
        let misfit = credential.change { state -> TokenCache.Misfit? in
            do throws(TokenCache.Misfit) { try state.cache.restore(record, at: now.sinceBeginning, wall: wall) } catch { return error }
            return nil
        }
        if let misfit {
            log.event(.info, "credential \(name): its token in \(quoted(file.path)) is of no use: \(misfit.cause)")
            return false
        }
        let left = Duration.seconds((credential.cache.status(at: now.sinceBeginning).expiresIn ?? .zero).components.seconds)
        log.event(.info, "credential \(name): its token from \(quoted(file.path)) is used, for at most \(left.text)")
        return true
    }

    private func open(_ sealed: [UInt8], _ secret: Secret, _ credential: CredentialState) -> TokenRecord? {
        let opened = secret.withBytes { Seal.open(sealed, with: $0, for: sealContext(of: credential)) }
        guard var bytes = consume opened else { return nil }
        defer { for index in bytes.indices { bytes[index] = 0 } }
        return TokenRecord(bytes.span)
    }

    /// Keeps the token that a credential has got just now, of this generation.
    func saveToken(of credential: CredentialState, generation: UInt64) {
        guard !credential.isRetired, let tokenFile, let grant = credential.grants.first(where: { credential.cache.isOfToken($0.grant) })?.grant,
            let secret = grant.sealingSecret, let record = credential.cache.record(at: now.sinceBeginning, wall: kernel.wallNow())
        else { return }
        var salt = [UInt8](repeating: 0, count: Seal.saltBytes)
        salt.withUnsafeMutableBytes { kernel.fillEntropy($0) }
        do {
            let sealed = try record.bytes.withBytes { bytes throws(TLSError) in
                try secret.withBytes { secret throws(TLSError) in
                    try Seal.close(bytes, with: secret, for: sealContext(of: credential), salt: salt)
                }
            }
            try tokenFile.replace(credential.configuration.name, by: sealed, part: credential.index, generation: generation)
        } catch {
            log.event(.warning, "credential \(credential.configuration.name): its token is not kept for a restart: \(error)")
        }
    }

    /// What a token is for, beside what it was obtained with: it goes to no other origin.
    private func sealContext(of credential: CredentialState) -> [UInt8] {
        let origin = credential.configuration.origin
        return Array("token \(credential.configuration.name) \(origin?.scheme.rawValue ?? "")://\(origin?.authority ?? "")\(origin?.basePath ?? "")".utf8)
    }
}
