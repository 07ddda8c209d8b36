import Credentials
import Wire

/// `JWT`: its times are those of the second of three parts.
enum JWTCheck {
    /// The input is a payload, which is put between two parts; and a whole token.
    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        let made = Array("e30.\(Base64URL.encode(bytes)).c2ln".utf8)
        for token in [made, bytes] {
            let jwt = JWT(token.span)
            try Disagreement.unless(jwt?.expiry, is: plainTime("exp", token), "when a token ends, and as it is read plainly")
            try Disagreement.unless(jwt?.issued, is: plainTime("iat", token), "when a token was made, and as it is read plainly")
        }
    }

    private static func plainTime(_ name: String, _ token: [UInt8]) -> Duration? {
        let limits = Credentials.Limits()
        let parts = token.pieces(separatedBy: ".")
        guard token.count <= limits.tokenBytesMax, parts.count == 3, !parts[0].isEmpty, let payload = Base64URL.decode(parts[1]),
            let json = try? JSON.parse(payload, depthMax: limits.answerDepthMax),
            case .number(let number)? = json.object?.first(where: { $0.key.utf8.elementsEqual(name.utf8) })?.value.value,
            let seconds = Double(number.text), seconds.isFinite
        else { return nil }
        return .seconds(seconds < 0 ? 0 : seconds > 1e11 ? 1e11 : seconds)
    }
}
