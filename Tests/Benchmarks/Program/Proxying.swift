import EventLoop
import Proxy

/// The whole proxy on a scripted kernel.
final class Proxying {
    private let kernel: ScriptedKernel
    private let loop: Loop
    private let server: Server

    init(_ script: Script) throws {
        kernel = ScriptedKernel(script)
        loop = Loop(kernel: kernel)
        let text = """
            { "routes": [{ "name": "main", "listen": "127.0.0.1:8080", "upstream": "http://127.0.0.1:\(ScriptedKernel.upstreamPort)",
                "credential": "key" }],
              "credentials": { "key": { "type": "bloquo", "customerId": { "env": "CUSTOMER" }, "clientId": { "env": "ID" },
                "clientSecret": { "env": "KEY" }, "api": "http://127.0.0.1:\(ScriptedKernel.endpointPort)" } },
              "log": { "access": "off", "level": "error" } }
            """
        let configuration = try Configuration.load(Array(text.utf8), file: "proxy.json")
        server = try Server(
            configuration: configuration, secrets: FixedSecrets(), loop: loop, log: try Log(configuration.log, kernel: kernel))
        try server.start()
    }

    /// Serves so many requests.
    func answer(_ count: Int) {
        while kernel.answeredCount < count { loop.turn() }
        // Else it was not what is to be measured.
        precondition(kernel.connectCount == 1 && kernel.tokenCount == (kernel.script.refusesTokens ? count + 1 : 1))
    }

    /// Lets so many tokens come and go.
    func renew(_ count: Int) {
        let begun = kernel.monotonicNow()
        while kernel.tokenCount < count { loop.turn() }
        precondition(kernel.connectCount == 0 && kernel.answeredCount == 0)
        // Each after four fifths of its life: a token that is not taken would be asked for again after a pause.
        let milliseconds = (kernel.monotonicNow() - begun).nanoseconds / 1_000_000 / Int64(count * kernel.script.tokenLifetime)
        precondition((650...950).contains(milliseconds), "a token is renewed after \(milliseconds) thousandths of its life")
    }
}
