import EventLoop
import Glibc
import TLS
import Testing

@testable import Proxy

/// A proxy on a real loop in the test's own thread, between clients and an upstream that are plain sockets.
final class Bench: EventHandler {
    /// Longer than any step takes on a busy machine, also with a sanitizer.
    private static let patience = Interval.seconds(60)
    private static let tick = Interval.milliseconds(5)

    let kernel: BentKernel
    let loop: Loop
    let server: Server
    /// Called at each tick, in a turn of the loop.
    var ticked: () -> Void = {}
    private let upstreamListener: Int32
    private let tokenListener: Int32
    private var peers: [Peer] = []
    /// Clients speak TLS with it.
    private let certificate: ListenerCertificate?
    private let clientContext: TLSContext?
    private var timer = TimerID.none

    /// `route` is more members of the route, each with a comma before it; `tokenCredential` is a credential of its own, in
    /// which `ENDPOINT` stands for the token endpoint's address, as `UPSTREAM` does for the upstream's in `route` and `top`,
    /// and `LISTEN` in `route` for the listener's, which another route shares then. With a `secret`, that
    /// is where client keys or token are really read from. Events go to the descriptor `events`. Where it is `encrypted`, as all are that do not say otherwise if the
    /// environment has `BEARERPROXY_TESTS_ENCRYPTED`, clients speak TLS with the proxy.
    init(
        route: String = "", top: String = "", log: String = #"{ "access": "off", "level": "error" }"#, hasTokenCalls: Bool = false, tokenCredential: String? = nil, upstreamURL: String? = nil, upstreamHost: String = "127.0.0.1", basePath: String = "",
        descriptorsMax: Int = .max, secret: String? = nil, events: Int32 = STDERR_FILENO,
        encrypted: Bool = getenv("BEARERPROXY_TESTS_ENCRYPTED") != nil
    ) throws {
        certificate = encrypted ? try ListenerCertificate() : nil
        clientContext = try certificate?.clientContext()
        kernel = try BentKernel()
        loop = Loop(kernel: kernel)
        upstreamListener = try Self.listen()
        tokenListener = try Self.listen()
        let endpoint = "127.0.0.1:\(Self.port(of: tokenListener))"
        let credential = tokenCredential?.replacing("ENDPOINT", with: endpoint) ?? (hasTokenCalls
            ? #"{ "type": "bloq", "clientId": \#(secret ?? #"{ "env": "ID" }"#), "clientSecret": \#(secret ?? #"{ "env": "KEY" }"#), "accounts": "http://\#(endpoint)" }"#
            : #"{ "type": "static", "token": \#(secret ?? #"{ "env": "TOKEN" }"#) }"#)
        let address = "127.0.0.1:\(Self.port(of: upstreamListener))"
        let listen = "127.0.0.1:\(route.contains("LISTEN") ? try Self.freePort() : 0)"
        let route = route.replacing("UPSTREAM", with: address).replacing("LISTEN", with: listen)
        let text = """
            { "routes": [{ "name": "main", "listen": "\(listen)", "upstream": "\(upstreamURL ?? "http://\(upstreamHost):\(Self.port(of: upstreamListener))\(basePath)")",
                "credential": "key"\(route)\(certificate?.member ?? "") }],
              "credentials": { "key": \(credential) }, "log": \(log)\(top.replacing("UPSTREAM", with: address)) }
            """
        let configuration = try Configuration.load(Array(text.utf8), file: "proxy.json")
        server = try Server(
            configuration: configuration, secrets: secret == nil ? FixedSecret() : SecretReader(), loop: loop,
            log: try Log(configuration.log, kernel: kernel, eventDescriptor: events),
            descriptorsMax: descriptorsMax)
        try server.start()
        timer = loop.makeTimer(for: loop.add(self), token: 0)
        loop.arm(timer, at: loop.now)
    }

    deinit {
        close(upstreamListener)
        close(tokenListener)
    }

    var tokenPort: UInt16 { Self.port(of: tokenListener) }
    var upstreamPort: UInt16 { Self.port(of: upstreamListener) }

    func ready(_ token: UInt64, _ readiness: Readiness, now: Instant) {}
    func turnEnded(now: Instant) {}

    func timerFired(_ token: UInt64, now: Instant) {
        loop.arm(timer, at: now + Self.tick)
        for peer in peers { peer.turn() }
        ticked()
    }
}

extension Bench {
    /// A client that is connected to the proxy; where it speaks TLS, with its handshake done.
    func client(isAwaited: Bool = true) throws -> Peer {
        let port = try #require(server.listening.first?.address.port)
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(port)
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(code == 0)
        let client = keep(descriptor, clientContext)
        // Only then is it what tests of requests begin with.
        if isAwaited { try #require(turn { client.isEstablished || client.isOver }) }
        return client
    }

    /// The next connection that the proxy makes to its upstream.
    func upstream() throws -> Peer { try accept(upstreamListener) }

    /// From now on nobody listens at the upstream's address.
    func endUpstream() { shutdown(upstreamListener, Int32(SHUT_RDWR)) }

    /// The next connection that the proxy makes to the token endpoint.
    func tokenEndpoint() throws -> Peer { try accept(tokenListener) }

    /// Answers the next token call, and returns that.
    @discardableResult
    func giveToken(_ token: String, refreshToken: String? = nil) throws -> String {
        let endpoint = try tokenEndpoint()
        #expect(turn { endpoint.text.hasSuffix("}") })
        let refresh = refreshToken.map { #","refreshToken":"\#($0)""# } ?? ""
        let content = #"{"accessToken":"\#(token)","expiresIn":3600\#(refresh)}"#
        endpoint.send("HTTP/1.1 200 OK\r\nContent-Length: \(content.utf8.count)\r\n\r\n\(content)")
        return endpoint.text
    }

    /// Token calls are answered like this, until the pause behind them is longer than a request waits.
    func failTokenCalls(_ answer: String) throws {
        for number in 1...6 {
            let endpoint = try tokenEndpoint()
            #expect(turn { endpoint.text.contains("\r\n\r\n{") })
            endpoint.send(answer)
            #expect(turn { endpoint.isOver })
            if number < 6 { kernel.skew += .seconds(16) }
        }
    }

    /// Whether the proxy makes another connection to its upstream within a short time.
    func hasAnotherUpstream() -> Bool {
        var descriptor: Int32 = -1
        let end = kernel.monotonicNow() + .milliseconds(300)
        while descriptor < 0, kernel.monotonicNow() < end {
            loop.turn()
            descriptor = Glibc.accept(upstreamListener, nil, nil)
        }
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return true
    }

    /// Turns the loop until the condition holds: false when it does not come to that.
    func turn(until isTrue: () -> Bool) -> Bool {
        let end = kernel.monotonicNow() + Self.patience
        while !isTrue() {
            guard kernel.monotonicNow() < end else { return false }
            loop.turn()
        }
        return true
    }

    /// Turns the loop for a while.
    func turn(for time: Duration) {
        let end = kernel.monotonicNow() + Interval(time)
        while kernel.monotonicNow() < end { loop.turn() }
    }

    /// What stands in a file of less than 64 KiB.
    static func text(of file: String) throws -> String {
        let descriptor = open(file, O_RDONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        return String(decoding: bytes[..<read(descriptor, &bytes, bytes.count)], as: UTF8.self)
    }

    private func accept(_ listener: Int32) throws -> Peer {
        var descriptor: Int32 = -1
        let isThere = turn {
            descriptor = Glibc.accept(listener, nil, nil)
            return descriptor >= 0
        }
        try #require(isThere, "the proxy made no connection")
        return keep(descriptor)
    }

    private func keep(_ descriptor: Int32, _ context: TLSContext? = nil) -> Peer {
        let peer = Peer(descriptor, context)
        peers.append(peer)
        return peer
    }

    private static func listen() throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        var address = loopback(0)
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(code == 0 && Glibc.listen(descriptor, 128) == 0)
        return descriptor
    }

    private static func freePort() throws -> UInt16 {
        let descriptor = try listen()
        defer { close(descriptor) }
        return port(of: descriptor)
    }

    private static func port(of descriptor: Int32) -> UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
