internal import Wire

/// Where a token endpoint's answers have what we need, and the judging of an answer by it.
///
/// Each path is one of member names with dots between them; of several, the first that leads anywhere counts. A kind of
/// provider is nothing but such a form and a rendered call.
struct AnswerForm: Sendable {
    var tokenPaths: [String]
    /// To a number of seconds.
    var lifetimePaths: [String] = []
    var refreshTokenPaths: [String] = []
    /// To a boolean that is `true` if the call succeeded; anything else makes a failure of a 2xx answer.
    var successPaths: [String] = []
    /// To the token's type, which has to be Bearer where there is one.
    var typePaths: [String] = []

    /// Judges a whole answer. The causes name statuses and settings, and repeat nothing of the content.
    func read(status: Int, body: [UInt8], limits: Limits) -> TokenAnswer {
        switch status {
        case 200...299:
            return readContent(body, limits: limits)
        case 300...399:
            return .unusable(cause: "the token endpoint answered with a redirect (status \(status)), which is not followed: "
                + "check the configured address")
        case 400, 401, 403:
            return .refused(cause: "the token endpoint refused the credentials (status \(status)): check them with the provider")
        default:
            return .unusable(cause: "the token endpoint answered with status \(status)")
        }
    }

    private func readContent(_ body: [UInt8], limits: Limits) -> TokenAnswer {
        guard body.count <= limits.answerBytesMax else { return .unusable(cause: FetchFailure.answerTooLarge.cause) }
        let last = body.last { !Self.whiteSpace.contains($0) }
        guard let first = body.first(where: { !Self.whiteSpace.contains($0) }) else { return .unusable(cause: "the token endpoint's answer is empty") }
        guard first != UInt8(ascii: "<") else {
            return .unusable(cause: "the token endpoint answered with a page instead of JSON: check the configured address")
        }
        let answer: JSON
        do {
            answer = try JSON.parse(body, depthMax: limits.answerDepthMax, bytesMax: limits.answerBytesMax)
        } catch {
            let isCutOff = first == UInt8(ascii: "{") && (last != UInt8(ascii: "}") || error.offset >= body.count)
            return .unusable(cause: isCutOff
                ? FetchFailure.truncatedAnswer.cause : "the token endpoint's answer is not JSON")
        }
        guard answer.object != nil else { return .unusable(cause: "the token endpoint's answer is no JSON object") }
        return readMembers(answer, limits: limits)
    }

    private func readMembers(_ answer: JSON, limits: Limits) -> TokenAnswer {
        if let success = first(of: successPaths, in: answer), success.bool != true {
            return success.bool == false
                ? .refused(cause: "the token endpoint says that the authentication failed: check the credentials with the provider")
                : .unusable(cause: "the token endpoint's answer does not say whether it succeeded")
        }
        if let type = first(of: typePaths, in: answer), type.string?.lowercased() != "bearer" {
            return .unusable(cause: "the token endpoint's answer has a token that is not of the type Bearer")
        }
        guard let text = first(of: tokenPaths, in: answer)?.string, !text.isEmpty else {
            return .unusable(cause: "the token endpoint's answer has no token")
        }
        guard let token = Self.usable(text, limits: limits) else {
            return .unusable(cause: "the token endpoint's answer has a token that cannot stand in a field "
                + "(visible ASCII, at most \(limits.tokenBytesMax) bytes)")
        }
        var expiresIn: Duration?
        if let lifetime = first(of: lifetimePaths, in: answer) {
            guard let seconds = lifetime.double else {
                return .unusable(cause: "the token endpoint's answer has a lifetime that is no number of seconds")
            }
            expiresIn = .seconds(min(max(seconds, 0), Self.lifetimeSecondsMax))
        }
        let refreshToken = first(of: refreshTokenPaths, in: answer)?.string.flatMap { Self.usable($0, limits: limits) }
        return .granted(TokenAnswer.Granted(token: token, refreshToken: refreshToken, expiresIn: expiresIn))
    }

    /// The first member there is; `null` is as if there were none.
    private func first(of paths: [String], in answer: JSON) -> JSON? {
        for path in paths {
            if let found = answer.value(at: path), !found.isNull { return found }
        }
        return nil
    }

    /// The token, if it is a legal part of a field value.
    private static func usable(_ text: String, limits: Limits) -> Secret? {
        let utf8 = text.utf8
        guard !utf8.isEmpty, utf8.count <= limits.tokenBytesMax, utf8.allSatisfy(Grammar.isVisible) else { return nil }
        return Secret(text)
    }

    /// RFC 8259 2.
    private static let whiteSpace: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
    /// Keeps a nonsensical lifetime from overflowing; `Limits.lifetimeMax` cuts it further.
    private static let lifetimeSecondsMax = 1e11
}
