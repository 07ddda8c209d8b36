internal import EventLoop
internal import Glibc
internal import Wire

/// One request that changes nothing, which the process makes of itself over a route.
final class HarmlessRequest {
    private let kernel: any Kernel
    private let descriptor: Descriptor
    private let request: String
    private var answer: [UInt8] = []
    private(set) var isOver = false

    /// Sends it.
    init(_ server: Server, _ route: RouteState) throws(SystemError) {
        kernel = server.kernel
        let (own, servers) = try SocketPair.make()
        descriptor = Descriptor(own, of: kernel)
        request = Self.request(of: route)
        server.serve(servers, with: route)
        let head = Array("\(request) HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bearerproxy-check\r\nConnection: close\r\n\r\n".utf8)
        let count = head.withUnsafeBytes { kernel.send(descriptor.number, from: $0) }
        precondition(count == head.count, "a new socket takes a short head")
    }

    /// What the provider is known to answer; HEAD of its first page elsewhere.
    private static func request(of route: RouteState) -> String {
        guard route.basePath.isEmpty else { return "HEAD /" }
        let host = route.configuration.upstream.host
        return switch route.credential.configuration.type {
        case .bloq, .bloqAccount: host.hasSuffix("connect.bloq.cloud") ? "GET /api/v1/status" : "HEAD /"
        case .bloquo: "GET /api/v1/customers/me"
        case .oauth2, .tokenEndpoint, .basic, .fixed: "HEAD /"
        }
    }

    /// Takes what has come of the answer.
    func receive() {
        while !isOver {
            var piece = [UInt8](repeating: 0, count: 16 * 1024)
            let count = piece.withUnsafeMutableBytes { kernel.receive(descriptor.number, into: $0) }
            if count == Int(-EAGAIN) { return }
            if count > 0 { answer += piece[..<count] }
            isOver = count <= 0 || answer.count > Limits.checkedAnswerBytesMax
        }
    }

    /// The server's clock when it answered, since 1970-01-01 UTC.
    var date: Duration? {
        read { head, bytes in
            guard let range = head.first(.date)?.valueRange else { return nil }
            let year = 1970 + Int(kernel.wallNow().components.seconds / 31_556_952)
            return HTTPDate.seconds(Array(bytes[range]), presentYear: year).map { .seconds($0) }
        }
    }

    /// How it went.
    func step(_ route: RouteState, _ fault: UpstreamFault?) -> OnlineCheck.Step {
        guard let status = read({ head, _ in head.status }) else {
            return OnlineCheck.Step(verdict: .failed, label: "request", text: "\(request): \(fault?.reason ?? "the answer broke off")")
        }
        if let message = ownMessage(fault) {
            return OnlineCheck.Step(verdict: .failed, label: "request", text: "\(request): \(message)")
        }
        let (verdict, remark) = Self.verdict(on: status, route.credential.configuration)
        return OnlineCheck.Step(verdict: verdict, label: "request", text: "\(request): \(status)\(remark)")
    }

    private static func verdict(on status: Int, _ credential: Credential) -> (OnlineCheck.Verdict, String) {
        switch status {
        case 401:
            let advice =
                switch credential.kind {
                case .calls: "the API does not take the token that the service gave: do upstream, credential and scope belong together?"
                case .basic: "the API does not take username and password: are they right, and are they for this API?"
                case .fixed: "the API does not take the token: is it right, still valid, and for this API?"
                }
            return (.failed, ": \(advice)")
        case 403: return (.doubtful, ": the API lets this credential not do that; if your program gets it too, ask for the right to")
        case 429: return (.doubtful, ": the API wants fewer requests")
        case 500...: return (.failed, ": the API itself has failed: ask who runs it, or try again later")
        case 400...: return (.passed, ": the API answers, and has nothing there")
        default: return (.passed, "")
        }
    }

    /// The message of an answer that the proxy made itself; nil of one that is the upstream's.
    private func ownMessage(_ fault: UpstreamFault?) -> String? {
        let content: ArraySlice<UInt8>? = read { head, bytes in
            for index in 0..<head.fieldCount {
                let field = head.field(at: index)
                let isOwn = String(decoding: bytes[field.nameRange], as: UTF8.self).lowercased() == "proxy-status"
                    && String(decoding: bytes[field.valueRange], as: UTF8.self).hasPrefix("bearerproxy;")
                if isOwn { return bytes[headCount...] }
            }
            return nil
        }
        guard let content else { return nil }
        // To HEAD, it has none.
        return (try? JSON.parse(Array(content)))?.value(at: "error.message")?.string ?? fault?.reason ?? "the proxy had to answer it itself"
    }

    /// Of the answer; 0 where it has no whole head.
    private var headCount: Int {
        let bytes = answer
        var head = ResponseHead()
        do { return try head.parse(bytes.span) ?? 0 } catch { return 0 }
    }

    private func read<Result>(_ body: (borrowing ResponseHead, [UInt8]) -> Result?) -> Result? {
        let bytes = answer
        var head = ResponseHead()
        do {
            guard try head.parse(bytes.span) != nil else { return nil }
        } catch {
            return nil
        }
        return body(head, bytes)
    }
}
