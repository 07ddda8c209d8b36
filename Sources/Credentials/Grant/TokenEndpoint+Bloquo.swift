extension TokenEndpoint {
    /// Client keys of Bloquo: `POST /api/v1/customer/{customerId}/users/authenticateApiClient`. There is no refresh token.
    ///
    /// Success is told by `status`; the other members of the answer stand in `result`, or at the top level.
    public static func bloquo(customerId: Source, clientId: Source, clientSecret: Source) -> TokenEndpoint {
        TokenEndpoint(
            authentication: CallForm(
                path: [
                    .literal("/api/v1/customer/"), .secret(customerId, setting: "customerId"),
                    .literal("/users/authenticateApiClient"),
                ],
                content: .json(.object([
                    .init("clientId", .string(.secret(clientId, setting: "clientId"))),
                    .init("clientSecret", .string(.secret(clientSecret, setting: "clientSecret"))),
                ]))),
            answer: AnswerForm(
                tokenPaths: ["result.accessToken", "accessToken"], lifetimePaths: ["result.expiresIn", "expiresIn"],
                success: AnswerForm.Success(paths: ["status"]), typePaths: ["result.tokenType", "tokenType"]))
    }
}
