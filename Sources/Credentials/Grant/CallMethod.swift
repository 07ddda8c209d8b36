/// The methods of token calls, as they stand in the request line.
public enum CallMethod: String, Sendable, CaseIterable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
}
