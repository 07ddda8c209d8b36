internal import Wire

/// A request as the services see it. Convenience matters here, not speed: the proxy under test has its own form.
struct Request {
    let method: Method
    /// As it stood on the request line.
    let methodName: String
    let target: String
    /// The path's segments, percent-decoded: `/a/b%20c` is `["a", "b c"]`.
    var segments: [String]
    /// In the order of the query, percent-decoded.
    let query: [(name: String, value: String)]
    /// Field lines in the order in which they came, names as they were spelled.
    let fields: [(name: String, value: String)]
    /// Whether the client asks for another protocol: Upgrade, and Connection that names it.
    let hasUpgrade: Bool
    /// The whole content, once it is there; empty before.
    var content: [UInt8] = []

    /// The first field line of that name, in any case.
    func field(_ name: String) -> String? {
        let wanted = name.lowercased()
        return fields.first { $0.name.lowercased() == wanted }?.value
    }

    /// The value of a field that has to be there exactly once.
    func onlyField(_ name: String) -> String? {
        let wanted = name.lowercased()
        let values = fields.filter { $0.name.lowercased() == wanted }
        return values.count == 1 ? values[0].value : nil
    }

    /// The first query parameter of that name.
    func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }

    /// The content as a JSON object; nil if it is none.
    var json: JSON? {
        guard let json = try? JSON.parse(content), json.object != nil else { return nil }
        return json
    }

    /// The credentials of `Authorization`, if it has that scheme (in any case: RFC 9110 11.1).
    func authorization(scheme: String) -> String? {
        guard let value = field("Authorization"), let space = value.firstIndex(of: " "),
            value[..<space].lowercased() == scheme.lowercased()
        else { return nil }
        let credentials = value[value.index(after: space)...].drop { $0 == " " }
        return credentials.isEmpty ? nil : String(credentials)
    }
}

extension Request {
    /// The request of a head that was parsed from `bytes`.
    init(head: borrowing RequestHead, bytes: ArraySlice<UInt8>) {
        func text(_ range: Range<Int>) -> String {
            String(decoding: bytes[bytes.startIndex + range.lowerBound..<bytes.startIndex + range.upperBound], as: UTF8.self)
        }
        method = head.method
        methodName = text(head.methodRange)
        target = text(head.target.range)
        hasUpgrade = head.hasUpgrade
        segments = text(head.target.path).split(separator: "/").map { PercentEncoding.decode($0) }
        query = head.target.query.map { Self.parameters(text($0)) } ?? []
        var fields: [(name: String, value: String)] = []
        for index in 0..<head.fieldCount {
            let line = head.field(at: index)
            fields.append((text(line.nameRange), text(line.valueRange)))
        }
        self.fields = fields
    }

    private static func parameters(_ query: String) -> [(name: String, value: String)] {
        query.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (PercentEncoding.decode(parts[0]), parts.count > 1 ? PercentEncoding.decode(parts[1]) : "")
        }
    }
}
