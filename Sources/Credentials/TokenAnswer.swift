/// A token endpoint's answer, judged. No cause repeats anything of the content.
enum TokenAnswer: Sendable {
    /// A token that may be sent.
    case granted(Granted)
    /// The credentials that were sent are not accepted; the same call will end the same way.
    case refused(cause: String)
    /// Nothing usable came, which may pass.
    case unusable(cause: String)

    struct Granted: Sendable {
        let token: Secret
        let refreshToken: Secret?
        /// From the answer, not from the token.
        let expiresIn: Duration?
    }
}
