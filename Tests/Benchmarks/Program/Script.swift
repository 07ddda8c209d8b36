import EventLoop

/// What happens to the proxy again and again.
struct Script {
    /// What the client sends whenever it has had its answer; its last byte is in no other place that a send ends at.
    var request = Messages.request
    /// What the provider answers; likewise.
    var answer = Messages.answer
    /// Whether there is a client that asks.
    var hasRequests = true
    /// The provider refuses the token of each request, and takes the next.
    var refusesTokens = false
    /// Seconds that a token lives.
    var tokenLifetime = 3600
    var timeOfTurn = Interval.microseconds(1)

    static let refusal = Messages.message(
        "HTTP/1.1 401 Unauthorized", ["Content-Type: application/json"], content: #"{"code":"unauthorized"}"#)

    static func tokenAnswer(number: Int, lifetime: Int) -> [UInt8] {
        let digits = String(number)
        let token = "eyJhbGciOiJIUzI1NiJ9.token." + String(repeating: "0", count: 12 - digits.utf8.count) + digits
        return Messages.message(
            "HTTP/1.1 200 OK", ["Content-Type: application/json", "Connection: close"],
            content: #"{"status":true,"result":{"accessToken":"\#(token)","tokenType":"Bearer","expiresIn":\#(lifetime)}}"#)
    }
}
