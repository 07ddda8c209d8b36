/// Names a handler of a loop.
public struct HandlerID: Equatable, Sendable {
    let index: UInt8
}
