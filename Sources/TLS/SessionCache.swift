import COpenSSL

/// The newest resumable session of each server name, up to `Limits.sessionsMax` names.
struct SessionCache: ~Copyable {
    private var entries: [(name: String, session: OpaquePointer)] = []

    /// Keeps the session in place of an older one of that name; takes over the reference.
    mutating func store(_ session: OpaquePointer, for name: String) {
        remove(name)
        if entries.count == Limits.sessionsMax {
            SSL_SESSION_free(entries.removeFirst().session)
        }
        entries.append((name, session))
    }

    /// The session to offer, still owned by the cache. One whose certificate has expired since is dropped: a
    /// resumption does not verify it again.
    mutating func newest(for name: String) -> OpaquePointer? {
        guard let session = entries.first(where: { $0.name == name })?.session else { return nil }
        let certificate = SSL_SESSION_get0_peer(session)
        if SSL_SESSION_is_resumable(session) == 1, certificate != nil,
            X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0
        {
            return session
        }
        remove(name)
        return nil
    }

    private mutating func remove(_ name: String) {
        guard let index = entries.firstIndex(where: { $0.name == name }) else { return }
        SSL_SESSION_free(entries.remove(at: index).session)
    }

    deinit {
        for entry in entries {
            SSL_SESSION_free(entry.session)
        }
    }
}
