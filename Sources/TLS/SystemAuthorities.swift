internal import COpenSSL

extension TLSContext {
    /// Where OpenSSL was built to look for the system's authorities: a file and a directory. It reads them whenever it verifies.
    public static var systemAuthorities: [String] {
        [X509_get_default_cert_file(), X509_get_default_cert_dir()].compactMap { $0.map { String(cString: $0) } }
    }
}
