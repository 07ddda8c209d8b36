extension Grant {
    /// Client keys of Bloquo: `POST /api/v1/customer/{customerId}/users/authenticateApiClient`. There is no refresh token.
    public struct Bloquo: Sendable {
        /// The organisation, for the field `customerId` that every call upstream carries: visible ASCII.
        public let customerId: Secret
        private let clientId: Secret
        private let clientSecret: Secret

        /// Throws if a value is empty or longer than `limits.inputBytesMax`, if a key is not UTF-8, or if the customer's
        /// identifier is not visible ASCII or is a dot segment.
        public init(
            customerId: Secret, clientId: Secret, clientSecret: Secret, limits: Limits = Limits()
        ) throws(CredentialError) {
            try Setting.checkVisible(customerId, setting: "customerId", bytesMax: limits.inputBytesMax)
            guard customerId != Secret("."), customerId != Secret("..") else { throw .dotSegment(setting: "customerId") }
            try Setting.checkText(clientId, setting: "clientId", limits: limits)
            try Setting.checkText(clientSecret, setting: "clientSecret", limits: limits)
            self.customerId = customerId
            self.clientId = clientId
            self.clientSecret = clientSecret
        }

        func authentication() -> TokenRequest {
            TokenRequest(path: path(), body: body())
        }

        /// Success is told by `status`; the other members stand in `result`, or at the top level.
        static let answerForm = AnswerForm(
            tokenPaths: ["result.accessToken", "accessToken"],
            lifetimePaths: ["result.expiresIn", "expiresIn"],
            successPaths: ["status"],
            typePaths: ["result.tokenType", "tokenType"]
        )

        private func path() -> Secret {
            let before = "/api/v1/customer/"
            let behind = "/users/authenticateApiClient"
            let capacity = before.utf8.count + behind.utf8.count + OutputSpan.pathSegmentBytesMax(customerId)
            return Secret(capacity: capacity) { output in
                output.appendText(before)
                output.appendPathSegment(customerId)
                output.appendText(behind)
            }
        }

        private func body() -> Secret {
            let before = #"{"clientId":"#
            let between = #","clientSecret":"#
            let capacity = before.utf8.count + between.utf8.count + 1
                + OutputSpan.jsonStringBytesMax(clientId) + OutputSpan.jsonStringBytesMax(clientSecret)
            return Secret(capacity: capacity) { output in
                output.appendText(before)
                output.appendJSONString(clientId)
                output.appendText(between)
                output.appendJSONString(clientSecret)
                output.appendText("}")
            }
        }
    }
}
