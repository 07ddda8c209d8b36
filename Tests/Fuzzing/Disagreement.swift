/// Two readings of the same bytes that differ, or one that breaks a promise.
public struct Disagreement: Error, CustomStringConvertible {
    public let description: String

    init(_ what: String) {
        description = what
    }

    /// Throws where the two are not the same.
    static func unless<Reading: Equatable>(_ one: Reading, is other: Reading, _ what: String) throws(Disagreement) {
        if one != other { throw Disagreement("\(what): \(one), and \(other)") }
    }

    /// Throws where it does not hold.
    static func unless(_ holds: Bool, _ what: @autoclosure () -> String) throws(Disagreement) {
        if !holds { throw Disagreement(what()) }
    }
}
