internal import EventLoop
internal import Wire

/// Finds the route of a request among those of its listener, or the answer that refuses it.
///
/// Decided in this order: is the method one that a proxy forwards, is the request from where it may come, and which route is
/// meant. Then, where a connection is known, whether its user may ask (`Server.refusalOfUser`), and only then what the route
/// allows (`refusal`): others need not learn its rules. Nothing of a refused request goes anywhere.
final class Router {
    struct Refusal: Error {
        let answer: Answer
        /// The index of the route that refused, where one was found.
        var route: Int?
    }

    /// The routes of one listener: the longest prefix first, of equal ones those that are for one host.
    private let routes: [RouteState]

    /// Of the listener's own origins: `http://`, or `https://` where clients speak TLS.
    private let scheme: [UInt8]

    var indices: [Int] { routes.map(\.index) }
    /// For messages.
    var names: [String] { routes.map(\.configuration.name) }
    /// The longest of the routes: which of them is meant is known only after the head.
    let headTimeout: Interval
    /// Likewise.
    let keepAliveTimeout: Interval
    /// Likewise: the tail of an answer may still be on its way when its request is over.
    let idleTimeout: Interval

    init(routes: [RouteState]) {
        // All routes of a listener have the same.
        scheme = Array((routes.contains { $0.configuration.listenTLS != nil } ? "https://" : "http://").utf8)
        self.routes = routes.enumerated().sorted { Self.precedence($0) < Self.precedence($1) }.map(\.element)
        headTimeout = routes.map(\.timeouts.requestHead).max() ?? .zero
        keepAliveTimeout = routes.map(\.timeouts.keepAlive).max() ?? .zero
        idleTimeout = routes.map(\.timeouts.idle).max() ?? .zero
    }

    private static func precedence(_ route: (offset: Int, element: RouteState)) -> (Int, Int, Int) {
        (-route.element.configuration.pathPrefix.count, route.element.host == nil ? 1 : 0, route.offset)
    }

    /// The route of a request; whether that allows it is for `refusal` to say.
    func decide(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) throws(Refusal) -> RouteState {
        if head.method == .trace || head.method == .connect {
            let method = bytes.shown(head.methodRange)
            throw Refusal(answer: .methodRefused(method, allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"))
        }
        switch head.target.form {
        case .absolute: return try decideAbsolute(head, bytes)
        case .origin, .asterisk, .authority: return try decideByHost(head, bytes)
        }
    }

    /// A client that uses this as its HTTP proxy names the upstream itself: it has to be a route's.
    private func decideAbsolute(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) throws(Refusal) -> RouteState {
        guard let range = head.target.authority, let authority = Authority(bytes, in: range) else {
            throw Refusal(answer: .badRequest("the request target has no authority"))
        }
        var isKnown = false
        for route in routes where isUpstream(bytes, authority, of: route) {
            isKnown = true
            guard matches(route.configuration.pathPrefix, head.target, bytes) else { continue }
            try refuseForeignSite(head, bytes, route, range)
            return route
        }
        if isKnown { throw noRoute(head, bytes) }
        return try decideByHost(head, bytes, named: range)
    }

    private func isUpstream(_ bytes: Span<UInt8>, _ authority: Authority, of route: RouteState) -> Bool {
        guard equal(bytes, authority.host, route.upstreamHost) else { return false }
        return authority.port.map { $0 == route.configuration.upstream.port } ?? true
    }

    private func decideByHost(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, named: Range<Int>? = nil
    ) throws(Refusal) -> RouteState {
        // An HTTP/1.0 client need not send Host. No browser is one, so no page of another site can leave it out.
        let host = named == nil ? head.host?.host : named.flatMap { Authority(bytes, in: $0)?.host }
        guard let route = longest(head, bytes, host: host) else {
            // Say first that the host is wrong: that is what a page of another site is told, whatever it asks for.
            if let host, !routes.contains(where: { isAllowed(bytes, host, by: $0) }) {
                throw hostRefused(bytes, host, isAbsolute: named != nil)
            }
            throw noRoute(head, bytes)
        }
        if let host, !isAllowed(bytes, host, by: route) { throw hostRefused(bytes, host, isAbsolute: named != nil, by: route) }
        try refuseForeignSite(head, bytes, route, named)
        return route
    }

    private func isAllowed(_ bytes: Span<UInt8>, _ host: Range<Int>, by route: RouteState) -> Bool {
        if let wanted = route.host, equal(bytes, host, wanted) { return true }
        return route.allowedHosts.contains(host, in: bytes)
    }

    private func longest(_ head: borrowing RequestHead, _ bytes: Span<UInt8>, host: Range<Int>?) -> RouteState? {
        for route in routes where matches(route.configuration.pathPrefix, head.target, bytes) {
            guard let wanted = route.host else { return route }
            if let host, equal(bytes, host, wanted) { return route }
        }
        return nil
    }

    /// A prefix matches whole segments: `/api` matches `/api` and `/api/x`, and not `/apix`.
    private func matches(_ prefix: [UInt8], _ target: RequestTarget, _ bytes: Span<UInt8>) -> Bool {
        let slash = UInt8(ascii: "/")
        if prefix == [slash] { return true }
        let path = target.path
        guard path.count >= prefix.count else { return false }
        for index in prefix.indices where bytes[path.lowerBound + index] != prefix[index] { return false }
        return path.count == prefix.count || prefix.last == slash || bytes[path.lowerBound + prefix.count] == slash
    }
}

// MARK: admission

extension Router {
    /// The answer to a request that is the route's, and that it does not allow (see `Policy`); nil where it does.
    static func refusal(_ head: borrowing RequestHead, _ bytes: Span<UInt8>, by route: RouteState) -> Answer? {
        if let answer = route.policy?.refusal(head, bytes) { return answer }
        if route.confinesPath, PathSegments.haveDots(bytes, head.target.path) {
            return .badRequest("the path has a segment . or .., which route \(route.configuration.name) does not take")
        }
        return nil
    }

    /// What a browser says of the page that asks. A page of another site is refused, unless its origin is listed.
    /// - Parameter named: the authority that the request names in its target, if it does.
    private func refuseForeignSite(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ route: RouteState, _ named: Range<Int>?
    ) throws(Refusal) {
        guard head.tellsOfPage else { return }
        let host = named ?? head.first(.host)?.valueRange
        if let answer = refusalOfForeignSite(head, bytes, route, host) { throw Refusal(answer: answer, route: route.index) }
    }

    private func refusalOfForeignSite(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ route: RouteState, _ host: Range<Int>?
    ) -> Answer? {
        let origin = head.first(.origin)?.valueRange
        if head.count(of: .origin) > 1 { return .forbidden("there is more than one Origin") }
        if let origin {
            if route.allowedOrigins.contains(where: { equal(bytes, origin, $0) }) { return nil }
            guard let host, isOwn(bytes, origin, host) else {
                return .forbidden(
                    "pages of \(bytes.shown(origin)) may not use route \(route.configuration.name); list the origin in allow.origins")
            }
        }
        var isSiteTold = false
        for index in 0..<head.fieldCount {
            let field = head.field(at: index)
            guard field.name == .secFetchSite else { continue }
            isSiteTold = true
            if equal(bytes, field.valueRange, Self.crossSite) {
                return .forbidden(
                    "pages of other sites may not use route \(route.configuration.name); list their origin in allow.origins")
            }
        }
        return origin == nil && !isSiteTold ? refusalOfForeignReferer(head, bytes, route, host) : nil
    }

    /// Over plain HTTP, to a name that is not loopback's, a browser's GET has neither Origin nor Sec-Fetch-Site.
    private func refusalOfForeignReferer(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ route: RouteState, _ host: Range<Int>?
    ) -> Answer? {
        guard let referer = head.first(.referer)?.valueRange, let origin = Self.origin(bytes, ofReference: referer) else { return nil }
        if route.allowedOrigins.contains(where: { equal(bytes, origin, $0) }) { return nil }
        if let host, isOwn(bytes, origin, host) { return nil }
        return .forbidden(
            "pages of \(bytes.shown(origin)) may not use route \(route.configuration.name); list the origin in allow.origins")
    }

    /// Scheme and authority; nil of a reference that has no authority, as no browser sends it in Referer (RFC 9110, section 10.1.3).
    private static func origin(_ bytes: Span<UInt8>, ofReference range: Range<Int>) -> Range<Int>? {
        guard let colon = range.first(where: { bytes[$0] == UInt8(ascii: ":") }), colon + 2 < range.upperBound,
            bytes[colon + 1] == UInt8(ascii: "/"), bytes[colon + 2] == UInt8(ascii: "/")
        else { return nil }
        let end = (colon + 3..<range.upperBound).first { index in
            switch bytes[index] {
            case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"): true
            default: false
            }
        }
        return range.lowerBound..<(end ?? range.upperBound)
    }

    /// The listener's scheme and the request's own Host.
    private func isOwn(_ bytes: Span<UInt8>, _ origin: Range<Int>, _ host: Range<Int>) -> Bool {
        guard origin.count == scheme.count + host.count,
            equal(bytes, origin.lowerBound..<origin.lowerBound + scheme.count, scheme)
        else { return false }
        for index in 0..<host.count
        where bytes[origin.lowerBound + scheme.count + index].lowercased != bytes[host.lowerBound + index].lowercased {
            return false
        }
        return true
    }

    private func hostRefused(_ bytes: Span<UInt8>, _ host: Range<Int>, isAbsolute: Bool, by route: RouteState? = nil) -> Refusal {
        let name = bytes.shown(host)
        let answer = isAbsolute
            ? Answer(
                status: 421, code: .misdirected, message: "no route here has \(name) as its upstream",
                proxyStatusError: "http_request_denied")
            : Answer.forbidden("the host \(name) is not one of this listener's; list it in allow.hosts if it is meant to be")
        return Refusal(answer: answer, route: route?.index)
    }

    private func noRoute(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Refusal {
        let path = bytes.shown(head.target.path)
        return Refusal(
            answer: Answer(
                status: 404, code: .noRoute, message: "no route of this listener has a prefix of \(path)",
                proxyStatusError: "destination_not_found"))
    }

    /// Not `same-site`, which is what another port of this machine is: browsers say the origin with all but plain GETs from there.
    private static let crossSite = Array("cross-site".utf8)

    /// Whether a range is `wanted`, which is in lower case, in any case.
    private func equal(_ bytes: Span<UInt8>, _ range: Range<Int>, _ wanted: [UInt8]) -> Bool {
        guard range.count == wanted.count else { return false }
        for index in wanted.indices where bytes[range.lowerBound + index].lowercased != wanted[index] { return false }
        return true
    }
}
