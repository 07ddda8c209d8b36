/// What is told of the sessions of an Engine.IO server.
protocol EngineListener: AnyObject {
    /// Before the client is told anything: what is sent now comes with the answer to its handshake.
    func opened(_ session: EngineSession)

    func received(_ message: [UInt8], from session: EngineSession)

    /// There are more sessions, or fewer.
    func sessionsChanged()
}
