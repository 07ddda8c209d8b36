@testable import Credentials

import Wire

/// `AnswerForm`: a token is granted only where the answer has one in its place, and what is told of others repeats nothing of them.
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
            for status in statuses {
                switch form.read(status: status, body: bytes, limits: limits) {
                case .granted(let granted):
                    try Disagreement.unless(status < 300, "a token with status \(status)")
                    let token = granted.token.withBytes { span in span.indices.map { span[$0] } }
                    try Disagreement.unless(token, is: plainToken(bytes, form) ?? [], "the token, and as it is read plainly")
                    let isLifetime = granted.expiresIn.map { $0 >= .zero && $0 <= .seconds(1e11) } ?? true
                    try Disagreement.unless(isLifetime, "a lifetime of \(String(describing: granted.expiresIn))")
                case .refused(let cause), .unusable(let cause):
                    try Disagreement.unless(cause.utf8.allSatisfy { (0x20...0x7E).contains($0) } && cause.utf8.count < 300, "a cause: \(cause)")
                }
            }
        }
    }

    /// The first of the paths that leads to something, where that is visible ASCII.
    private static func plainToken(_ bytes: [UInt8], _ form: AnswerForm) -> [UInt8]? {
        guard let json = try? JSON.parse(bytes) else { return nil }
        for path in form.tokenPaths {
            var found: JSON? = json
            for key in path.split(separator: ".") {
                found = found?.object?.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
            }
            guard let found, !found.isNull else { continue }
            guard let text = found.string, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
            return Array(text.utf8)
        }
        return nil
    }
}
