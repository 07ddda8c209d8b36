/// Where secrets are read from: the machine in production, fixed values in a simulation.
public protocol SecretReading: AnyObject {
    /// The secret itself, without a line break at its end; never empty. The caller wraps it at once into what wipes it, and
    /// overwrites this. Waits for a command, at most ten seconds.
    func read(_ source: SecretSource) throws(SecretError) -> [UInt8]

    /// Whether something else seems to stand where this was last read. Costs a look at a file's times; of a variable or a
    /// command, which would have to be run, nothing can be told.
    func hasChanged(_ source: SecretSource) -> Bool

    /// The value of an environment variable that is a setting; nil where it is not set, or empty. One with an `@`, as a URL with a
    /// password in it has, is concealed as a secret is.
    func setting(_ name: String) -> [UInt8]?

    /// Adds to `warnings`, unless it is there.
    func warn(_ finding: Finding)

    /// Makes the variables that were read unreadable from outside. To be called once all credentials have been read for the
    /// first time, before any other thread runs; reading the same variables again stays possible.
    func concealEnvironment()

    /// What is allowed but dangerous about the sources read so far.
    var warnings: [Finding] { get }
}
