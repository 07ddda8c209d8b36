internal import ArgumentParser

/// The command line. What each command does is in its own file.
@main
struct Main: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bearerproxy",
        abstract: "A reverse proxy that holds the credentials for applications that cannot authenticate themselves.",
        discussion: """
            Applications call http://localhost:… without credentials; the proxy attaches a Bearer token, renews it before it \
            expires, and forwards over TLS. To try it without an account: bearerproxy sandbox --proxy
            """,
        version: Version.text,
        subcommands: [Run.self, Check.self, StatusCommand.self, Explain.self, SandboxCommand.self])
}
