internal import Wire

/// Who may look: programs of this machine, and pages of the listener's own.
struct AdminGuard {
    private let hosts: HostList

    init(listen: ListenAddress) {
        // A page whose name was made to lead here (DNS rebinding) sends that name.
        hosts = HostList(["localhost", "127.0.0.1", "[::1]"] + [listen.host].compactMap { $0 })
    }

    /// The answer to a request that is not let in; nil for one that is.
    func refusal(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> AdminAnswer? {
        guard head.target.form == .origin else {
            return .refusal(head.method == .connect ? 405 : 400, "bad_request", "the target is to be a path", fields: Self.allow)
        }
        if let host = head.host?.host, !hosts.contains(host, in: bytes) {
            return .refusal(403, "forbidden", "the host \(bytes.shown(host)) is not this machine's own; write localhost or 127.0.0.1")
        }
        if isForeign(head, bytes) { return .refusal(403, "forbidden", "pages of other sites may not look at this") }
        guard head.method == .get || head.method == .head else {
            return .refusal(405, "method_refused", "there is only GET and HEAD", fields: Self.allow)
        }
        guard head.framing == .none || head.framing == .length(0) else {
            return .refusal(400, "bad_request", "the request has content; leave it out")
        }
        return nil
    }

    private static let allow = "Allow: GET, HEAD\r\n"

    /// What a browser says of the page that asks.
    private func isForeign(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Bool {
        guard head.tellsOfPage else { return false }
        for index in 0..<head.fieldCount {
            let field = head.field(at: index)
            switch field.name {
            case .secFetchSite:
                if !Self.sites.contains(field.valueRange, in: bytes) { return true }
            case .origin:
                guard let host = head.first(.host)?.valueRange, isOwn(field.valueRange, host, bytes) else { return true }
            default: break
            }
        }
        return false
    }

    /// Not `same-site`: another port of this machine is another program, whose page has no business here.
    private static let sites = HostList(["same-origin", "none"])

    private func isOwn(_ origin: Range<Int>, _ host: Range<Int>, _ bytes: Span<UInt8>) -> Bool {
        let scheme = Self.scheme
        guard origin.count == scheme.count + host.count else { return false }
        for index in 0..<scheme.count where bytes[origin.lowerBound + index] != scheme[index] { return false }
        for index in 0..<host.count where bytes[origin.lowerBound + scheme.count + index] != bytes[host.lowerBound + index] { return false }
        return true
    }

    private static let scheme = Array("http://".utf8)
}
