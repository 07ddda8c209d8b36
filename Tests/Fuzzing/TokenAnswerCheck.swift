@testable import Credentials

import Wire

/// `AnswerForm`: a token is granted where `PlainGrant` finds one, and what is told of other answers is short and plain text.
enum TokenAnswerCheck {
    /// As OAuth 2 has it, and as the two providers do.
    private static let forms = [
        AnswerForm(
            tokenPaths: ["access_token"], lifetimePaths: ["expires_in"], refreshTokenPaths: ["refresh_token"], typePaths: ["token_type"],
            errorPaths: ["error"]),
        AnswerForm(
            tokenPaths: ["result.accessToken", "token"], lifetimePaths: ["result.expiresIn"],
            success: AnswerForm.Success(paths: ["status"], value: .bool(true)), errorPaths: ["error.code", "errors.0"]),
    ]
    private static let statuses = [200, 201, 302, 400, 401, 403, 404, 429, 500]

    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        let limits = Credentials.Limits()
        for form in forms {
            let plain = PlainGrant(bytes, form)
            for status in statuses {
                switch form.read(status: status, body: bytes, limits: limits) {
                case .granted(let granted):
                    try Disagreement.unless(status < 300, "a token with status \(status)")
                    let token = granted.token.withBytes { span in span.indices.map { span[$0] } }
                    try Disagreement.unless(PlainGrant(token: token, lifetime: granted.expiresIn), is: plain, "a token, and as it is read plainly")
                case .refused(let cause), .unusable(let cause):
                    try Disagreement.unless(status >= 300 || plain == nil, "a token is granted, plainly, and not here: \(cause)")
                    try Disagreement.unless(cause.utf8.allSatisfy { (0x20...0x7E).contains($0) } && cause.utf8.count < 300, "a cause: \(cause)")
                }
            }
        }
    }
}
