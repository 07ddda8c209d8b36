/// A reader of bytes that strangers send, and what has to hold whatever they are.
///
/// What is read as it comes is read as a whole and in pieces, which has to come to the same. What is read is compared with a second
/// reader: one here that is slow and obvious, or one in another language, by the line that `check` returns.
public enum FuzzTarget: String, CaseIterable, Sendable {
    case requestHead = "request-head"
    case responseHead = "response-head"
    case chunked
    case json
    case jsonRPC = "json-rpc"
    case configuration
    case path
    case engineIO = "engine-io"
    case webSocket = "websocket"
    case gzip
    case tokenAnswer = "token-answer"
    case jwt
    case secretSearch = "secret-search"
    case forwarding
    case address
    case upgrade

    /// Reads the bytes and compares. A trap, or what a sanitizer reports meanwhile, is a finding too.
    ///
    /// - Returns: for the second opinion in `second_opinion.py`, what was read, on one line; nil where that has none.
    /// - Throws: what does not hold.
    public func check(_ bytes: [UInt8]) throws(Disagreement) -> String? {
        switch self {
        case .requestHead: return try RequestHeadCheck.run(bytes)
        case .responseHead: return try ResponseHeadCheck.run(bytes)
        case .chunked: return try ChunkedCheck.run(bytes)
        case .json: return try JSONCheck.run(bytes)
        case .jsonRPC: return try JSONRPCCheck.run(bytes)
        case .configuration: try ConfigurationCheck.run(bytes)
        case .path: try PathCheck.run(bytes)
        case .engineIO: try EngineIOCheck.run(bytes)
        case .webSocket: try WebSocketCheck.run(bytes)
        case .gzip: return try GzipCheck.run(bytes)
        case .tokenAnswer: try TokenAnswerCheck.run(bytes)
        case .jwt: try JWTCheck.run(bytes)
        case .secretSearch: try SecretSearchCheck.run(bytes)
        case .forwarding: try ForwardingCheck.run(bytes)
        case .address: try AddressCheck.run(bytes)
        case .upgrade: return try UpgradeCheck.run(bytes)
        }
        return nil
    }
}
