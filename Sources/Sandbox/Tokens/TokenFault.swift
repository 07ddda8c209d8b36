/// Why a token is refused. The texts are those of the library that such services use, and what clients look for.
enum TokenFault: String, Error {
    case missing = "No authorization token was found"
    case malformed = "jwt malformed"
    case wrongSignature = "invalid signature"
    case expired = "jwt expired"
    case revoked = "invalid token"
    case wrongAudience = "jwt audience invalid"

    /// The refusal: the text itself is the content.
    var response: Response { .text(rawValue, status: 401).with("WWW-Authenticate", "Bearer") }
}
