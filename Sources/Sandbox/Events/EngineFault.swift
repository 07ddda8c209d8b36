/// Why a request of Engine.IO is refused, with the numbers and texts that clients know.
enum EngineFault: Int {
    case transportUnknown = 0
    case sessionUnknown = 1
    case handshakeMethod = 2
    case badRequest = 3
    case protocolVersion = 5

    var response: Response { .json(["code": .int(rawValue), "message": .string(message)], status: 400) }

    private var message: String {
        switch self {
        case .transportUnknown: "Transport unknown"
        case .sessionUnknown: "Session ID unknown"
        case .handshakeMethod: "Bad handshake method"
        case .badRequest: "Bad request"
        case .protocolVersion: "Unsupported protocol version"
        }
    }
}
