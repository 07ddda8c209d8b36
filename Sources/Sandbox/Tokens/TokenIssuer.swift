internal import EventLoop
internal import TLS
internal import Wire

/// Makes and verifies Bloq's JWTs (RFC 7519), signed with RS256.
final class TokenIssuer {
    enum Kind {
        case client
        case account
        case refresh

        /// Client tokens are no good for Accounts, and refresh tokens only for the refresh call.
        var audience: [String] {
            switch self {
            case .client: ["connect", "nodes"]
            case .account: ["accounts", "connect", "nodes"]
            case .refresh: ["refresh"]
            }
        }
    }

    private let key: SharedSigningKey
    /// Stands in each token, so that those of another sandbox with the same key are told from ours.
    private let name: String
    private let kernel: any Kernel
    private let settings: Sandbox.Settings
    private var issuedCount = 0
    /// Access tokens up to this number are revoked; and refresh tokens up to the other.
    private var revokedAccess = 0
    private var revokedRefresh = 0
    /// Claims of tokens whose signature has been verified.
    private var verified: [String: TokenClaims] = [:]

    init(settings: Sandbox.Settings, kernel: any Kernel) throws(TLSError) {
        key = try SharedSigningKey()
        name = Hexadecimal.encode(kernel.entropy(8))
        self.kernel = kernel
        self.settings = settings
    }

    private var now: Int { Int(kernel.wallNow().components.seconds) }

    func issue(_ kind: Kind, subject: String) throws(TLSError) -> String {
        issuedCount += 1
        let life: Duration =
            switch kind {
            case .client: settings.tokenLifetime
            case .account: settings.accountTokenLifetime
            case .refresh: settings.refreshTokenLifetime
            }
        let issuedAt = now
        let payload: JSONDocument = [
            "iss": "https://accounts.bloq.cloud", "sub": .string(subject),
            "aud": .array(kind.audience.map { .string($0) }),
            "iat": .int(issuedAt), "exp": .int(issuedAt + Int(life.components.seconds)),
            "jti": .string("\(issuedCount)-\(name)"),
        ]
        let header: JSONDocument = ["alg": "RS256", "typ": "JWT"]
        let signed = Base64URL.encode(header.bytes) + "." + Base64URL.encode(payload.bytes)
        return signed + "." + Base64URL.encode(try key.sign(Array(signed.utf8)))
    }

    /// The claims of a token that is valid now for `audience`.
    func verify(_ token: String, for audience: String) throws(TokenFault) -> TokenClaims {
        let claims: TokenClaims
        if let known = verified[token] {
            claims = known
        } else {
            claims = try readVerifying(token)
            if verified.count >= Limits.verifiedTokensMax { verified.removeAll() }
            verified[token] = claims
        }
        guard now < claims.expiresAt else { throw .expired }
        let revoked = claims.audience.contains("refresh") ? revokedRefresh : revokedAccess
        guard claims.sequence > revoked else { throw .revoked }
        guard claims.audience.contains(audience) else { throw .wrongAudience }
        return claims
    }

    /// Makes every access token issued so far invalid.
    func revokeAccess() { revokedAccess = issuedCount }

    /// Makes every refresh token issued so far invalid.
    func revokeRefresh() { revokedRefresh = issuedCount }

    private func readVerifying(_ token: String) throws(TokenFault) -> TokenClaims {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64URL.decode(String(parts[0])),
            let payload = Base64URL.decode(String(parts[1])), let signature = Base64URL.decode(String(parts[2])),
            let algorithm = (try? JSON.parse(header))?["alg"]?.string
        else { throw .malformed }
        guard algorithm == "RS256", key.verify(signature, of: Array("\(parts[0]).\(parts[1])".utf8)) else {
            throw .wrongSignature
        }
        guard let claims = TokenClaims(payload: payload) else { throw .malformed }
        guard claims.issuer == name else { throw .wrongSignature }
        return claims
    }
}

extension Kernel {
    /// So many unpredictable bytes.
    func entropy(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.withUnsafeMutableBytes { fillEntropy($0) }
        return bytes
    }
}
