/// The credentials that the sandbox accepts: fixed, documented, worth nothing anywhere else.
public struct DemoCredentials: Sendable {
    /// Bloq client keys: 40 hexadecimal digits.
    public let bloqClientID = "b10c000000000000000000000000000000000001"
    /// 80 hexadecimal digits.
    public let bloqClientSecret =
        "5ec7e7000000000000000000000000000000000000000000000000000000000000000000000000a1"
    /// Bloq account: e-mail and password, for HTTP Basic.
    public let accountUser = "demo@example.com"
    public let accountPassword = "demo-password"
    /// Bloquo: the organisation, which is also the `customerId` field of every call, and its API client.
    public let bloquoCustomerID = "c0571234-0000-4000-8000-000000000001"
    public let bloquoClientID = "demo-api-client"
    public let bloquoClientSecret = "demo-api-secret"

    init() {}
}
