/// Why what systemd passed on cannot be used.
public enum PassedSocketError: Error, Equatable, Sendable, CustomStringConvertible {
    case variable(String, String)
    case notOpen(PassedSockets.Socket)
    case notSocket(PassedSockets.Socket)
    case notListening(PassedSockets.Socket)

    public var description: String {
        switch self {
        case .variable(let name, let value): "\(name)=\(value) is not what systemd writes; start bearerproxy by a .socket unit, or unset it"
        case .notOpen(let socket): "\(Self.text(socket)) is not open; start bearerproxy by a .socket unit, or unset LISTEN_FDS"
        case .notSocket(let socket): "\(Self.text(socket)) is no socket; take it out of the unit"
        case .notListening(let socket):
            "\(Self.text(socket)) does not wait for connections; write ListenStream= and Accept=no into the .socket unit"
        }
    }

    private static func text(_ socket: PassedSockets.Socket) -> String { "descriptor \(socket.descriptor) (\(socket.name)), which systemd passed on," }
}
