internal import Credentials
internal import Wire

/// What a route lets through of the requests that reach it, by what their heads say.
///
/// Decided in this order: the required field, the method, fields and parameters that would make it another method or path, the
/// path's form, the preset, the listed paths, and whether the content can be looked into for the calls in it. What it calls
/// is decided when it is there.
struct Policy {
    private let routeName: String
    private let requiredField: RequiredField?
    private let requiredFilter: FieldFilter
    private let methods: [[UInt8]]?
    private let methodsText: String
    /// Whether methods or paths decide, so that there must be one reading of them.
    private let confines: Bool
    private let confinesPaths: Bool
    private let paths: PathRule?
    private let readOnly: Rules?
    let calls: CallRule?
    /// Bytes of a path that are taken off before it goes upstream.
    private let prefixCount: Int

    /// The preset's patterns.
    private struct Rules {
        let refused: PathRule
        let reading: PathRule
        let tunnels: PathRule
    }

    /// Nil for a route that lets all through.
    init?(_ route: Route, credential: CredentialType) {
        let allow = route.allow
        guard allow.methods != nil || allow.paths != nil || allow.requiredField != nil || allow.rpcMethods != nil || route.preset != nil
        else { return nil }
        routeName = route.name
        requiredField = allow.requiredField
        requiredFilter = FieldFilter(removing: allow.requiredField.map { [$0.name] } ?? [])
        methods = allow.methods?.map { Array($0.utf8) }
        methodsText = allow.methods?.joined(separator: ", ") ?? ""
        confinesPaths = allow.paths != nil || route.preset != nil || allow.rpcMethods != nil
        calls = allow.rpcMethods.map { CallRule($0, routeName: route.name) }
        confines = confinesPaths || allow.methods != nil
        let basePath = Array(route.upstream.basePath.utf8)
        paths = allow.paths.map { PathRule($0, basePath: basePath) }
        readOnly = route.preset.map { preset in
            switch preset {
            case .readOnly:
                let rules = ReadOnly(credential)
                return Rules(
                    refused: PathRule(rules.refused, basePath: basePath), reading: PathRule(rules.reading, basePath: basePath),
                    tunnels: PathRule(rules.tunnels, basePath: basePath))
            }
        }
        // What is left begins with a slash: that of the prefix, if nothing else.
        let prefix = route.pathPrefix
        prefixCount = !route.stripPrefix ? 0 : prefix.last == UInt8(ascii: "/") ? prefix.count - 1 : prefix.count
    }

    /// The answer to a request that the route does not let through; nil for one that it does.
    func refusal(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Answer? {
        if let requiredField, !has(requiredField, head, bytes) {
            return .forbidden(
                "route \(routeName) wants the field \(requiredField.name), once and with the value that allow.requireHeader says")
        }
        guard confines else { return nil }
        if let methods, !methods.contains(where: { isEqual(bytes, head.methodRange, $0) }) {
            return .methodRefused(bytes.shown(head.methodRange), allow: methodsText)
        }
        if let answer = refuseOverride(head, bytes) { return answer }
        return confinesPaths ? refuseByPath(head, bytes) : nil
    }

    /// Whether the content of a request with this method, which was let through, is looked into.
    func inspects(_ method: Method) -> Bool { calls != nil && method == .post }

    private func isEqual(_ bytes: Span<UInt8>, _ range: Range<Int>, _ wanted: [UInt8]) -> Bool {
        guard range.count == wanted.count else { return false }
        for index in wanted.indices where bytes[range.lowerBound + index] != wanted[index] { return false }
        return true
    }
}

// MARK: fields and parameters

extension Policy {
    /// Whether the field is there once, in no other spelling, and has the value. How long that takes says nothing of the value.
    private func has(_ field: RequiredField, _ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Bool {
        guard let index = head.firstIndex(named: requiredFilter, in: bytes),
            head.firstIndex(named: requiredFilter, from: index + 1, in: bytes) == nil
        else { return false }
        let line = head.field(at: index)
        for offset in line.nameRange where bytes[offset] == UInt8(ascii: "_") { return false }
        let range = line.valueRange
        return field.value.withBytes { wanted in
            var difference: UInt8 = wanted.count == range.count ? 0 : 1
            for offset in 0..<range.count { difference |= bytes[range.lowerBound + offset] ^ wanted[offset % wanted.count] }
            return difference == 0
        }
    }

    /// What some servers take for the method or the path in place of those of the request line.
    private func refuseOverride(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Answer? {
        if let index = head.firstIndex(named: Self.overrides, in: bytes) {
            return .forbidden(
                "route \(routeName) takes no \(bytes.shown(head.field(at: index).nameRange)), which would make this another request; leave it out")
        }
        guard let query = head.target.query else { return nil }
        for (name, filter) in Self.methodParameters where filter.names(bytes, query) {
            return .forbidden("route \(routeName) takes no parameter \(name), which would make this another request; leave it out")
        }
        return nil
    }

    private static let overrides = FieldFilter(removing: OverridingFields.names)
    /// To PHP, a dot in a parameter's name is a low line.
    private static let methodParameters = [
        "_method", ".method", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override",
    ].map { (name: $0, filter: QueryFilter(removing: $0)) }
}

// MARK: paths

extension Policy {
    private func refuseByPath(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Answer? {
        let target = head.target
        guard target.form != .asterisk, head.method != .options || !target.pathAndQuery.isEmpty else {
            return .forbidden("route \(routeName) takes no request for the server as a whole (OPTIONS *), only for paths")
        }
        let rest = min(target.path.lowerBound + prefixCount, target.path.upperBound)..<target.path.upperBound
        // An absolute-form may have no path, and a prefix may have been all of it: then it is a slash that goes upstream.
        guard !rest.isEmpty else { return refuseByPath(head, bytes, sent: Self.root.span, 0..<1) }
        return refuseByPath(head, bytes, sent: bytes, rest)
    }

    /// `rest` is what goes upstream behind the base path.
    private func refuseByPath(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, sent: Span<UInt8>, _ rest: Range<Int>
    ) -> Answer? {
        if let deviation = NormalPath.deviation(sent, rest) {
            return .forbidden(
                "the path has \(deviation.reason); route \(routeName) has rules for paths, and takes them in one spelling only")
        }
        if let readOnly, let answer = refuseUnlessReading(head, bytes, readOnly, sent, rest) { return answer }
        if let paths, !paths.matches(sent, rest) {
            return .forbidden("route \(routeName) does not allow the path \(sent.shown(rest)); allow.paths has \(paths.text)")
        }
        guard let calls else { return nil }
        if let answer = calls.refusalOfUpgrade(head, bytes) { return answer }
        if head.method == .post { return calls.refusal(head, bytes) }
        return .methodRefused(bytes.shown(head.methodRange), allow: "POST", because: "allow.rpcMethods")
    }

    private func refuseUnlessReading(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ rules: Rules, _ sent: Span<UInt8>, _ rest: Range<Int>
    ) -> Answer? {
        if rules.refused.matches(sent, rest) {
            return .forbidden(
                "the path \(sent.shown(rest)) moves money or publishes, which the preset read-only of route \(routeName) does not allow")
        }
        guard head.method.isSafe || head.method == .post && rules.reading.matches(sent, rest) else {
            return .methodRefused(bytes.shown(head.methodRange), allow: "GET, HEAD, OPTIONS", because: "preset read-only")
        }
        if head.method.isSafe, head.framing != .none, head.framing != .length(0) {
            return .forbidden("the preset read-only of route \(routeName) takes no content with \(bytes.shown(head.methodRange)); leave it out")
        }
        if head.hasUpgrade, UpgradeOffer(head, in: bytes) != nil, !rules.tunnels.matches(sent, rest) {
            return .forbidden(
                "the preset read-only of route \(routeName) takes no Upgrade here: nobody could tell what is sent behind it")
        }
        return nil
    }

    private static let root = [UInt8(ascii: "/")]
}
