extension Grant {
    /// A token from the configuration. It is always ready, never renewed, and a refusal of it cannot be cured here.
    public struct Fixed: Sendable {
        let token: Secret

        /// Throws if the token is empty, longer than `limits.tokenBytesMax`, or not visible ASCII.
        public init(token: Secret, limits: Limits = Limits()) throws(CredentialError) {
            try Setting.checkVisible(token, setting: "token", bytesMax: limits.tokenBytesMax)
            self.token = token
        }
    }
}
