import Simulation

/// One connection with requests that follow one another on it, and the answers so far.
final class Conversation {
    let client: SimulatedClient
    private var reader = HTTPAnswerReader()

    init(_ client: SimulatedClient) {
        self.client = client
        // The test may be done with it before the connection has ended.
        client.whenReceived = { [weak self] in self?.reader.feed($0) }
        client.whenEnded = { [weak self] client in
            self?.reader.feed(client)
            self?.reader.streamEnded(isOrderly: client.ending == .finished)
        }
    }

    var answers: [HTTPAnswer] { reader.answers }
    var ending: SimulatedClient.Ending? { client.ending }
    /// Part of an answer has come, and not all of it.
    var isWithinAnswer: Bool { reader.isWithinAnswer }
    /// What came is no HTTP.
    var faults: [String] { reader.faults }

    /// Sends a request, or the beginning of one.
    func send(_ request: String) {
        reader.expect(isHead: request.hasPrefix("HEAD "))
        client.send(request)
    }

    /// Sends more of the request that was begun.
    func sendMore(_ text: String) { client.send(text) }
}
