internal import COpenSSL

extension TLSContext {
    /// Where OpenSSL was built to look for the system's authorities: a file and a directory. It reads them whenever it verifies.
    public static var systemAuthorities: [String] {
        [X509_get_default_cert_file(), X509_get_default_cert_dir()].compactMap { $0.map { String(cString: $0) } }
    }

    /// Why the system's authorities cannot be read, and what to do: once in the process, for the one who asks first when a certificate has
    /// been refused for it. Nil where they can, or where it has been told.
    public static func takeSystemAuthoritiesFault() -> String? { SystemTrust.takeFault() }
}
