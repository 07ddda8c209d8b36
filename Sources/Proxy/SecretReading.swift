/// Where secrets are read from: the machine in production, fixed values in a simulation.
public protocol SecretReading: AnyObject {
    /// The secret itself, without a line break at its end; never empty. The caller wraps it at once into what wipes it.
    func read(_ source: SecretSource) throws(SecretError) -> [UInt8]

    /// Makes the variables that were read unreadable from outside. To be called once all credentials have been read for the
    /// first time, before any other thread runs; reading the same variables again stays possible.
    func concealEnvironment()

    /// What is allowed but dangerous about the sources read so far.
    var warnings: [Finding] { get }
}
