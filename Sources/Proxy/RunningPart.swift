/// What a reload has to know of a part that runs, to tell whether it may stay.
struct RunningPart: Sendable {
    let name: String
    /// Its number among the routes or the credentials.
    let index: Int
    let text: String
    /// Of the files that it has read besides its secrets, in their order, as they were then.
    let files: [FileSignature?]
    /// Of its connections.
    var destination: Destination?
    /// What a credential's secrets come to, and its token.
    var shared: SharedCredential?
    /// Whom a route's users are.
    var users: AllowedUsers.Numbers?
    /// How often a route takes requests. It goes on counting where the number stays.
    var rate: RequestRate?

    struct Destination: Sendable {
        let index: Int
        let text: String
        let files: [FileSignature?]

        func isSame(_ text: String, _ files: [FileSignature?]) -> Bool { self.text == text && self.files == files }
    }

    static func signatures(_ paths: [String?]) -> [FileSignature?] { paths.compactMap(\.self).map { FileSignature(path: $0) } }
}

extension Route {
    /// The files of its connections to the upstream.
    var upstreamFiles: [String?] { [tls.ca, tls.clientCertificate, tls.clientKey] }

    /// All files that it has read.
    var files: [String?] { upstreamFiles + (listenTLS.map { [$0.certificate, $0.key, $0.clientCA] } ?? []) }
}

extension Credential {
    /// The files that it has read besides its secrets.
    var files: [String?] { [tls.ca, tls.clientCertificate, tls.clientKey] }
}
