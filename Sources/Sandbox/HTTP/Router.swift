internal import Wire

/// The segments that stood in the place of `:name`, by name.
typealias Parameters = [String: String]

/// Which method of a service answers which path.
///
/// A pattern's segment is literal, `:name` for any one segment, or `*` for one or more. The first that fits wins.
struct Router<Owner: AnyObject> {
    typealias Handler = (Owner) -> (Request, Parameters) -> Response

    private struct Route {
        let method: Method
        let pattern: [Substring]
        let handler: Handler
    }

    private var routes: [Route] = []

    mutating func on(_ method: Method, _ pattern: String, _ handler: @escaping Handler) {
        routes.append(Route(method: method, pattern: pattern.split(separator: "/"), handler: handler))
    }

    /// HEAD is answered as GET. Nil: no pattern fits the path. 405 where one fits with another method.
    func answer(_ request: Request, by owner: Owner) -> Response? {
        let method = request.method == .head ? .get : request.method
        var isKnown = false
        for route in routes {
            guard let parameters = Self.match(route.pattern[...], request.segments[...]) else { continue }
            if route.method == method { return route.handler(owner)(request, parameters) }
            isKnown = true
        }
        return isKnown ? .text("Method not allowed", status: 405) : nil
    }

    private static func match(_ pattern: ArraySlice<Substring>, _ segments: ArraySlice<String>) -> Parameters? {
        var parameters: Parameters = [:]
        var rest = segments
        for (index, expected) in zip(pattern.indices, pattern) {
            guard let segment = rest.popFirst() else { return nil }
            if expected == "*" {
                let tail = pattern[(index + 1)...]
                guard rest.count >= tail.count else { return nil }
                return match(tail, rest.suffix(tail.count))
            } else if expected.first == ":" {
                parameters[String(expected.dropFirst())] = segment
            } else if segment != expected {
                return nil
            }
        }
        return rest.isEmpty ? parameters : nil
    }
}
