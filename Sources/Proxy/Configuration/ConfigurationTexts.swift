internal import Wire

/// The parts of a configuration as bare JSON, without places, spaces and comments: what tells whether one has changed.
struct ConfigurationTexts: Sendable {
    /// In the order of the file.
    private(set) var routes: [String] = []
    /// What of each route concerns its connections to the upstream.
    private(set) var destinations: [String] = []
    private(set) var credentials: [String: String] = [:]
    private(set) var egress = ""
    private(set) var admin = ""
    /// Where the top-level keys stand.
    private(set) var places: [String: Place] = [:]
    let file: String

    /// Of a configuration that was made without a file.
    init() { file = "" }

    init(_ root: JSON, _ diagnosis: Diagnosis) {
        file = diagnosis.file
        for member in root.object ?? [] {
            places[member.key] = diagnosis.place(of: member.keyRange.lowerBound, member.key)
            switch member.key {
            case "routes":
                routes = (member.value.array ?? []).map(\.bareText)
                destinations = (member.value.array ?? []).map(Self.destination)
            case "credentials":
                for credential in member.value.object ?? [] { credentials[credential.key] = credential.value.bareText }
            case "egressProxy": egress = member.value.bareText
            case "admin": admin = member.value.bareText
            default: break
            }
        }
    }

    /// Where a top-level key stands, or would stand.
    func place(of key: String) -> Place { places[key] ?? Place(file: file, line: 1, column: 1, keyPath: key) }

    private static func destination(_ route: JSON) -> String {
        var parts: [String] = []
        for member in route.object ?? [] {
            switch member.key {
            case "upstream", "connectTo", "tls", "limits": parts.append("\(member.key):\(member.value.bareText)")
            case "timeouts":
                for timeout in member.value.object ?? [] where timeout.key == "connect" { parts.append("connect:\(timeout.value.bareText)") }
            default: break
            }
        }
        return parts.sorted().joined(separator: ",")
    }
}

extension JSON {
    /// The value without spaces and comments; members in their order.
    fileprivate var bareText: String {
        switch value {
        case .null: "null"
        case .bool(let bool): bool ? "true" : "false"
        case .number(let number): number.text
        case .string(let string): JSONWriter.quoted(string)
        case .array(let elements): "[\(elements.map(\.bareText).joined(separator: ","))]"
        case .object(let members): "{\(members.map { "\(JSONWriter.quoted($0.key)):\($0.value.bareText)" }.joined(separator: ","))}"
        }
    }
}
