internal import ArgumentParser

/// How the process ends, besides 0 and argument parser's 64 for a wrong command line (sysexits).
enum ExitStatus {
    /// Findings, or a failure at run time.
    static let failure = ExitCode(1)
    /// The configuration cannot be used.
    static let configuration = ExitCode(78)
}
