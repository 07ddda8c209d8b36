internal import Wire

/// Where a token endpoint's answers have what we need, and the judging of an answer by it.
///
/// Each path is one of member names with dots between them, or indexes where there is an array; of several, the first that
/// leads anywhere counts.
public struct AnswerForm: Sendable, Equatable {
    /// What tells that a call succeeded.
    public struct Success: Sendable, Equatable {
        public let paths: [String]
        public let value: Value

        /// What stands there after success: a string, a number, or, as most have it, `true`.
        public enum Value: Sendable, Equatable {
            case bool(Bool)
            case string(String)
            case number(Double)
        }

        public init(paths: [String], value: Value = .bool(true)) {
            self.paths = paths
            self.value = value
        }
    }

    public var tokenPaths: [String]
    /// To a number of seconds, or a string of one.
    public var lifetimePaths: [String]
    public var refreshTokenPaths: [String]
    /// Whether a 2xx answer is one of success; nil if each is.
    public var success: Success?
    /// To the token's type, which has to be Bearer where there is one.
    public var typePaths: [String]
    /// To an error code of OAuth 2 (RFC 6749 5.2).
    public var errorPaths: [String]

    public init(
        tokenPaths: [String], lifetimePaths: [String] = [], refreshTokenPaths: [String] = [], success: Success? = nil,
        typePaths: [String] = [], errorPaths: [String] = []
    ) {
        self.tokenPaths = tokenPaths
        self.lifetimePaths = lifetimePaths
        self.refreshTokenPaths = refreshTokenPaths
        self.success = success
        self.typePaths = typePaths
        self.errorPaths = errorPaths
    }

    /// Judges a whole answer. The causes name statuses, settings and codes that the standard has, and repeat nothing else of
    /// the content.
    func read(status: Int, body: [UInt8], limits: Limits) -> TokenAnswer {
        switch status {
        case 200...299:
            return readContent(body, limits: limits)
        case 300...399:
            return .unusable(cause: "the token endpoint answered with a redirect (status \(status)), which is not followed: "
                + "check the configured address")
        case 400...428, 430...499:
            return readRefusal(status: status, body: body, limits: limits)
        default:
            return .unusable(cause: "the token endpoint answered with status \(status): \(status == 429 ? "it has been asked too often" : "it fails")")
        }
    }

    private func readRefusal(status: Int, body: [UInt8], limits: Limits) -> TokenAnswer {
        let answer = try? JSON.parse(body, depthMax: limits.answerDepthMax, bytesMax: limits.answerBytesMax)
        if let code = answer.flatMap({ first(of: errorPaths, in: $0)?.string }).flatMap(TokenErrorCode.init) {
            return Self.judge(code, "status \(status)")
        }
        switch status {
        case 400, 401, 403:
            return .refused(cause: "the token endpoint refused the credentials (status \(status)): check them with the provider")
        default:
            return .unusable(cause: "the token endpoint answered with status \(status): check the configured address")
        }
    }

    private static func judge(_ code: TokenErrorCode, _ status: String) -> TokenAnswer {
        let cause = "the token endpoint answered with the error \(code.rawValue) (\(status)): \(code.advice)"
        return code.isTransient ? .unusable(cause: cause) : .refused(cause: cause)
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
        return failure(in: answer) ?? readMembers(answer, limits: limits)
    }

    /// What a 2xx answer says against itself.
    private func failure(in answer: JSON) -> TokenAnswer? {
        if let error = first(of: errorPaths, in: answer) {
            if let code = error.string.flatMap(TokenErrorCode.init) { return Self.judge(code, "in an answer of success") }
            return .unusable(cause: "the token endpoint's answer has an error in place of a token")
        }
        guard let success, let found = first(of: success.paths, in: answer), !success.value.isSame(as: found) else { return nil }
        if case .bool = success.value, found.bool == nil {
            return .unusable(cause: "the token endpoint's answer does not say whether it succeeded")
        }
        return .refused(cause: "the token endpoint says that the authentication failed: check the credentials with the provider")
    }

    private func readMembers(_ answer: JSON, limits: Limits) -> TokenAnswer {
        if let type = first(of: typePaths, in: answer), type.string?.lowercased() != "bearer" {
            return .unusable(cause: "the token endpoint's answer has a token that is not of the type Bearer")
        }
        guard let text = first(of: tokenPaths, in: answer)?.string, !text.isEmpty else {
            let places = tokenPaths.map(JSONWriter.quoted).joined(separator: " or ")
            return .unusable(cause: "the token endpoint's answer has no token: there is no text at \(places)")
        }
        guard let token = Self.usable(text, bytesMax: limits.tokenBytesMax) else {
            let reason = text.utf8.count > limits.tokenBytesMax
                ? "it has \(text.utf8.count) bytes, and at most \(limits.tokenBytesMax) fit" : "a byte of it is not visible ASCII"
            return .unusable(cause: "the token endpoint's answer has a token that cannot stand in a field: \(reason)")
        }
        var expiresIn: Duration?
        if let lifetime = first(of: lifetimePaths, in: answer) {
            guard let seconds = Self.seconds(lifetime) else {
                let places = lifetimePaths.map(JSONWriter.quoted).joined(separator: " or ")
                return .unusable(cause: "the token endpoint's answer has a lifetime at \(places) that is no number of seconds")
            }
            expiresIn = .seconds(min(max(seconds, 0), Self.lifetimeSecondsMax))
        }
        let refreshToken = first(of: refreshTokenPaths, in: answer)?.string.flatMap {
            Self.usable($0, bytesMax: limits.refreshTokenBytesMax)
        }
        return .granted(TokenAnswer.Granted(token: token, refreshToken: refreshToken, expiresIn: expiresIn))
    }

    /// The first member there is; `null` is as if there were none.
    private func first(of paths: [String], in answer: JSON) -> JSON? {
        for path in paths {
            if let found = answer.value(at: path), !found.isNull { return found }
        }
        return nil
    }

    /// A number; or a string of digits, as some servers have it.
    private static func seconds(_ lifetime: JSON) -> Double? {
        if let text = lifetime.string {
            guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
            return Double(text)
        }
        return lifetime.double
    }

    /// The token, if it is a legal part of a field value.
    private static func usable(_ text: String, bytesMax: Int) -> Secret? {
        let utf8 = text.utf8
        guard !utf8.isEmpty, utf8.count <= bytesMax, utf8.allSatisfy(Grammar.isVisible) else { return nil }
        return Secret(text)
    }

    /// RFC 8259 2.
    private static let whiteSpace: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
    /// Keeps a nonsensical lifetime from overflowing; `Limits.lifetimeMax` cuts it further.
    private static let lifetimeSecondsMax = 1e11
}

extension AnswerForm.Success.Value {
    fileprivate func isSame(as json: JSON) -> Bool {
        switch self {
        case .bool(let bool): json.bool == bool
        case .string(let string): json.string.map { $0.utf8.elementsEqual(string.utf8) } ?? false
        case .number(let number): json.double == number
        }
    }
}
