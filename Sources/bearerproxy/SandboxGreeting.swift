internal import EventLoop
internal import Proxy
internal import Sandbox

/// What the sandbox says when it is ready: where everything is, and what to try.
struct SandboxGreeting {
    let sandbox: Sandbox
    let files: SandboxFiles
    let server: Server?
    let chaos: ChaosOption

    func say() {
        Console.say("Emulated services, with certificates of \(files.path("ca.pem")):")
        for service in [sandbox.accounts, sandbox.connect, sandbox.bloquo] {
            Console.say("  https://\(service.host) at \(service.address)")
        }
        Console.say("")
        if chaos.percent > 0 { sayChaos() }
        if let server { sayProxy(server) } else { sayWithoutProxy() }
    }

    private func sayChaos() {
        Console.say(
            """
            Chaos: \(chaos.percent) of 100 requests meet a fault; --chaos \(chaos.percent):\(chaos.seed) chooses the same again.
              Carried out, and then: an answer up to 2 s late, one that is cut off, or a reset without one.
              Not carried out: 503 or 429 with Retry-After, 401 since all tokens were revoked, or a reset.
              Token calls: up to 2 s late, 500, 503, or a reset.
            What was carried out, and how many faults there were, tells GET /_sandbox/state.

            """)
    }

    private func sayProxy(_ server: Server) {
        Console.say("The proxy holds their demo credentials, and listens without any:")
        var addresses: [String: String] = [:]
        for (address, routes) in server.listening {
            for route in routes {
                addresses[route] = "http://\(address)"
                let padding = String(repeating: " ", count: max(1, 8 - route.count))
                Console.say("  \(route)\(padding)http://\(address)")
            }
        }
        let btc = addresses["btc"] ?? ""
        let bloquo = addresses["bloquo"] ?? ""
        Console.say(
            """

            Try, in another terminal:
              curl \(btc)/api/v1/status
              curl \(btc)/api/v1/block-index/100
              curl -H 'Content-Type: application/json' -d '{"rawtx":"0100000001abcdef"}' \(btc)/api/v1/tx/send
              curl \(bloquo)/api/v1/customers/me
              curl '\(bloquo)/api/v1/customer/account/balances?includes=account'
            Transactions and blocks as they happen, over Socket.IO; the proxy puts the token into each query:
              events='\(btc)/socket.io/?EIO=3&transport=polling'
              events="$events&sid=$(curl -s "$events" | grep -o '"sid":"[^"]*' | cut -c 8-)"
              curl -d '21:42["subscribe","inv"]' "$events"; echo; for n in 1 2 3 4 5 6; do curl "$events"; echo; done
            Take all tokens away, and ask again: the proxy gets new ones, and no client notices.
              curl --cacert \(files.path("ca.pem")) --connect-to \(Sandbox.connectHost):443:\(sandbox.connect.address) \
            -X POST https://\(Sandbox.connectHost)/_sandbox/revoke
            Have the next three token calls fail: the same with '/_sandbox/fail?status=503&count=3' in the place of /_sandbox/revoke.

            Ctrl-C ends it.
            """)
    }

    private func sayWithoutProxy() {
        Console.say("To run a proxy in front of them:\n  bearerproxy run --config \(files.path("proxy.json"))\nCtrl-C ends it.")
    }
}
