internal import COpenSSL
internal import Synchronization

/// The system's certificate authorities, for all contexts and threads of the process, read when a certificate asks for them.
///
/// They are those of `SSL_CTX_set_default_verify_paths`, which would read the whole bundle for each context (20 to 30 ms). In a
/// directory with hashed names, an authority's certificate is found by its name; the bundle is read once, where the directory
/// has no certificate that serves.
enum SystemTrust {
    /// OpenSSL locks it; nothing is set on it once it is made.
    nonisolated(unsafe) static let store: OpaquePointer? = {
        guard let store = X509_STORE_new() else { return nil }
        let directory = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir())
        guard X509_LOOKUP_ctrl(directory, X509_L_ADD_DIR, nil, Int(X509_FILETYPE_DEFAULT), nil) == 1,
            X509_STORE_add_lookup(store, X509_LOOKUP_file()) != nil
        else { return nil }
        X509_STORE_set_get_issuer(store) { found, context, certificate in
            withoutErrors {
                let result = X509_STORE_CTX_get1_issuer(found, context, certificate)
                if result == 1, isInForce(found!.pointee) { return result }
                guard hasBundle(X509_STORE_CTX_get0_store(context)) else { return result }
                if result == 1 { X509_free(found!.pointee) }
                return X509_STORE_CTX_get1_issuer(found, context, certificate)
            }
        }
        X509_STORE_set_lookup_certs(store) { context, name in
            withoutErrors {
                let found = X509_STORE_CTX_get1_certs(context, name)
                guard OPENSSL_sk_num(found) <= 0, hasBundle(X509_STORE_CTX_get0_store(context)) else { return found }
                OPENSSL_sk_free(found)
                return X509_STORE_CTX_get1_certs(context, name)
            }
        }
        return store
    }()

    private enum Bundle {
        case unread
        case read
        /// It is not tried again before then.
        case unreadable(until: ContinuousClock.Instant)
    }

    private static let bundle = Mutex(Bundle.unread)
    /// Why it cannot be read, once that is known, and whether it has been taken to be told.
    private static let fault = Mutex<(text: String, isTaken: Bool)?>(nil)

    /// Whether the bundle is in the store, into which it is read if it is not. One that cannot be read is tried again after a while:
    /// each certificate that the directory has no authority of asks for it, and others wait meanwhile.
    private static func hasBundle(_ store: OpaquePointer?) -> Bool {
        bundle.withLock { bundle in
            switch bundle {
            case .read: return true
            case .unreadable(let end) where ContinuousClock.now < end: return false
            case .unread, .unreadable: break
            }
            // The one that is there already.
            let lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file())
            if X509_LOOKUP_ctrl(lookup, X509_L_FILE_LOAD, nil, Int(X509_FILETYPE_DEFAULT), nil) == 1 {
                bundle = .read
                return true
            }
            bundle = .unreadable(until: .now + Limits.bundlePause)
            note(ErrorQueue.oldest)
            return false
        }
    }

    /// Many systems have a directory alone: a bundle that is not there is none of their faults.
    private static func note(_ code: UInt) {
        if openssl_is_of_missing_file(code) == 1 { return }
        let file = openssl_authorities_file().map { String(cString: $0) } ?? "the bundle"
        fault.withLock { fault in
            guard fault == nil else { return }
            let text = "the system's certificate authorities cannot be read: \(file): \(ErrorQueue.text(of: code)); mend that file, or name authorities in tls.ca"
            fault = (text, false)
        }
    }

    /// Why the bundle could not be read, for the one who asks first.
    static func takeFault() -> String? {
        fault.withLock { fault in
            guard let found = fault, !found.isTaken else { return nil }
            fault = (found.text, true)
            return found.text
        }
    }

    /// The directory may have an authority's old certificate, and the bundle its new one.
    private static func isInForce(_ certificate: OpaquePointer?) -> Bool {
        X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 && X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0
    }

    /// A file that cannot be read is told by the verification; its error in the queue would be taken for the connection's.
    private static func withoutErrors<Result>(_ body: () -> Result) -> Result {
        ERR_set_mark()
        defer { ERR_pop_to_mark() }
        return body()
    }
}
