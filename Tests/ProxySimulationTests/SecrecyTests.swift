import Credentials
import Sandbox
import Simulation
import Testing

@testable import Proxy

/// What no log line and no answer shows.
@Suite struct SecrecyTests {
    @Test func `neither a log line nor an answer shows a token or a secret, whatever goes wrong`() throws {
        let log = try TemporaryFile([])
        var sent: [UInt8] = []
        var turn = 0
        var settings = WorldSettings()
        settings.log = log.path
        settings.route = "\"timeouts\": { \"responseHead\": \"2s\", \"idle\": \"2s\" }"
        settings.replaced = [.connect: { upstream in
            upstream.whenReceived = { [unowned upstream] _ in
                sent += upstream.received
                upstream.clearReceived()
                turn += 1
                // The upstream gives back what it got where nobody may look.
                switch turn % 6 {
                case 0: upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                case 1: upstream.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
                case 2: upstream.send(String(decoding: sent.suffix(2000), as: UTF8.self))
                case 3: upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nbroken")
                case 4: upstream.close()
                default: break
                }
            }
        }]
        let world = try World(seed: 1, settings)
        #expect(world.run { world.hasTokens })
        var answers = ""
        for number in 0..<24 {
            let order = World.order(.btc, number)
            let answer = number % 3 == 0 ? try world.post(.btc, order.target, order.content) : try world.get(.btc, "/?token=hushhush")
            answers += "\(answer?.status ?? 0) \(answer?.text ?? "")\n\(answer?.fields.map(\.value) ?? [])"
        }
        for number in 0..<3 {
            let order = World.order(.bloquo, number)
            #expect(try world.post(.bloquo, order.target, order.content)?.status == 200)
        }
        world.sandbox.failTokenCalls(status: 403, count: 9)
        world.sandbox.revokeAllTokens()
        #expect(try world.get(.bloquo, World.plainTarget(.bloquo))?.status == 503)
        world.pass(.seconds(1))
        let lines = log.text
        #expect(lines.split(separator: "\n").count > 40)
        let demo = world.sandbox.credentials
        let tokens = Set(String(decoding: sent, as: UTF8.self).split(separator: "\r\n").filter { $0.hasPrefix("Authorization: Bearer ") })
        #expect(!tokens.isEmpty)
        let secrets = [demo.bloqClientSecret, demo.bloquoClientSecret, "Bearer ", "hushhush"] + tokens.map { String($0.dropFirst(22)) }
        for secret in secrets {
            #expect(!lines.contains(secret), "a log line shows \(secret)")
            #expect(!answers.contains(secret), "an answer shows \(secret)")
        }
        for credential in world.server.credentials {
            let token = credential.cache.withToken { token in String(decoding: (0..<token.count).map { token[$0] }, as: UTF8.self) }
            if let token { #expect(!lines.contains(token) && !answers.contains(token)) }
        }
    }
}
