internal import ArgumentParser
internal import Proxy

/// `bearerproxy explain`
struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what becomes of a request, without sending anything.",
        discussion: """
            Which route it has, which rule allows or refuses it, which field lines are taken off and put on (names, never values), where it \
            goes, and whether it is sent a second time. Ends with 1 if it is refused.
            """)

    @OptionGroup var file: ConfigurationFile

    @Argument(help: "The method, such as GET.")
    var method: String

    @Argument(help: "The URL that the client calls, such as http://localhost:8080/path; with one listener, the path alone will do.")
    var url: String

    @Option(name: [.customShort("H"), .customLong("header")], help: "A field line that the client sends, 'Name: value'; may be repeated.")
    var fields: [String] = []

    @Option(help: "The Unix socket that the client connects to.")
    var unixSocket: String?

    func run() throws {
        let configuration = try file.load()
        let explanation: Explanation
        do throws(ExplanationError) {
            let request = try HypotheticalRequest(method: method, url: url, fields: fields, socket: unixSocket)
            explanation = try Explanation(of: request, configuration)
        } catch {
            throw ValidationError(error.description)
        }
        let width = explanation.lines.map(\.label.count).max() ?? 0
        for line in explanation.lines {
            Console.say(line.label + String(repeating: " ", count: width - line.label.count + 2) + line.text)
        }
        if explanation.isRefused { throw ExitStatus.failure }
    }
}
