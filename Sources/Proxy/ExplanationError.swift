/// Why nothing can be said of a request: what is wrong with the question, and what to write.
public struct ExplanationError: Error, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
