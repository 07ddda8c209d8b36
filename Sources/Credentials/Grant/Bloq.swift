extension Grant {
    /// Client keys of Bloq: `POST /auth/token`, with the refresh token where there is one, else with the keys.
    public struct Bloq: Sendable {
        private let clientId: Secret
        private let clientSecret: Secret

        /// Throws if a key is empty, longer than `limits.inputBytesMax`, or not UTF-8.
        public init(clientId: Secret, clientSecret: Secret, limits: Limits = Limits()) throws(CredentialError) {
            try Setting.checkText(clientId, setting: "clientId", limits: limits)
            try Setting.checkText(clientSecret, setting: "clientSecret", limits: limits)
            self.clientId = clientId
            self.clientSecret = clientSecret
        }

        func authentication() -> TokenRequest {
            let before = #"{"grantType":"clientCredentials","clientId":"#
            let between = #","clientSecret":"#
            let capacity = before.utf8.count + between.utf8.count + 1
                + OutputSpan.jsonStringBytesMax(clientId) + OutputSpan.jsonStringBytesMax(clientSecret)
            return TokenRequest(path: Self.path, body: Secret(capacity: capacity) { output in
                output.appendText(before)
                output.appendJSONString(clientId)
                output.appendText(between)
                output.appendJSONString(clientSecret)
                output.appendText("}")
            })
        }

        static func refresh(_ refreshToken: Secret) -> TokenRequest {
            let before = #"{"grantType":"refreshToken","refreshToken":"#
            let capacity = before.utf8.count + 1 + OutputSpan.jsonStringBytesMax(refreshToken)
            return TokenRequest(path: Self.path, body: Secret(capacity: capacity) { output in
                output.appendText(before)
                output.appendJSONString(refreshToken)
                output.appendText("}")
            })
        }

        static let answerForm = AnswerForm(tokenPaths: ["accessToken"], refreshTokenPaths: ["refreshToken"])

        private static let path = Secret("/auth/token")
    }
}
