import COpenSSL

/// The newest resumable sessions of each server name, up to `Limits.sessionsMax` names.
///
/// A server may take each session once only (RFC 8446 C.4): one that was not offered yet comes first, so that several handshakes at
/// the same time resume as many as there are. One that was offered is better than none.
struct SessionCache: ~Copyable {
    private struct Kept {
        let session: OpaquePointer
        var isOffered = false
    }

    private struct Entry {
        let name: String
        /// The newest last; at least one.
        var kept: [Kept]
    }

    /// The name whose last session came last is the last.
    private var entries: [Entry] = []

    /// Keeps the session, and takes over the reference.
    mutating func store(_ session: OpaquePointer, for name: String) {
        var entry = Entry(name: name, kept: [])
        if let index = entries.firstIndex(where: { $0.name == name }) {
            entry = entries.remove(at: index)
        } else if entries.count == Limits.sessionsMax {
            Self.free(entries.removeFirst())
        }
        if entry.kept.count == Limits.sessionsOfNameMax {
            let index = entry.kept.firstIndex(where: \.isOffered) ?? 0
            SSL_SESSION_free(entry.kept.remove(at: index).session)
        }
        entry.kept.append(Kept(session: session))
        entries.append(entry)
    }

    /// The session to offer, still owned by the cache. One whose certificate has expired since is dropped: a
    /// resumption does not verify it again.
    mutating func newest(for name: String) -> OpaquePointer? {
        guard let index = entries.firstIndex(where: { $0.name == name }) else { return nil }
        while let place = entries[index].kept.lastIndex(where: { !$0.isOffered }) ?? entries[index].kept.indices.last {
            let session = entries[index].kept[place].session
            if Self.isUsable(session) {
                entries[index].kept[place].isOffered = true
                return session
            }
            SSL_SESSION_free(entries[index].kept.remove(at: place).session)
        }
        entries.remove(at: index)
        return nil
    }

    private static func isUsable(_ session: OpaquePointer) -> Bool {
        let certificate = SSL_SESSION_get0_peer(session)
        return SSL_SESSION_is_resumable(session) == 1 && certificate != nil
            && X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0
    }

    private static func free(_ entry: Entry) {
        for kept in entry.kept { SSL_SESSION_free(kept.session) }
    }

    deinit {
        for entry in entries { Self.free(entry) }
    }
}
