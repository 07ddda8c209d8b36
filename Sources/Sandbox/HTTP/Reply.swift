/// What a service does with an admitted request.
enum Reply {
    /// It is answered at once.
    case now(Response)
    /// The connection is reset, and it gets no answer.
    case reset
    /// The connection is closed after half of the answer's content.
    case cutOff(Response)
    /// It will be answered by whoever keeps this. The connection reads no other request until then.
    case later(HeldAnswer)
    /// It is answered with 101 and these fields, and from then on the connection speaks what they name.
    case switched(fields: [(name: String, value: String)], to: any SwitchedProtocol)
}
