import Glibc
import Testing
import Wire

/// One request of `Tests/Paths/attempts.json`, and what has to come of it.
struct PathAttempt: Sendable, CustomTestStringConvertible {
    let rule: String
    let name: String
    /// The route's keys besides those that every route has.
    let route: String
    let basePath: String
    let credential: String
    let head: [UInt8]
    /// Nil: it is let through.
    let status: Int?

    var testDescription: String { "\(rule): \(name)" }

    static let all: [PathAttempt] = {
        do { return try read() } catch { fatalError("Tests/Paths/attempts.json: \(error)") }
    }()

    private static func read() throws -> [PathAttempt] {
        let path = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/Tests/Paths/attempts.json"
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
        let table = try JSON.parse(bytes)
        return try #require(table["rules"]?.array).flatMap { rule in
            try ["allowed", "refused"].flatMap { kind in
                try #require(rule[kind]?.array).map { try PathAttempt($0, of: rule, bytes) }
            }
        }
    }

    private init(_ json: JSON, of table: JSON, _ bytes: [UInt8]) throws {
        rule = try #require(table["name"]?.string)
        let target = try #require(json["target"]?.string)
        let method = json["method"]?.string ?? "GET"
        name = json["name"]?.string ?? "\(method) \(target)"
        status = json["status"]?.int
        let keys = try #require(table["route"]?.object)
        basePath = table["route"]?["basePath"]?.string ?? ""
        credential = table["route"]?["credential"]?.string ?? "static"
        route = keys.filter { $0.key != "basePath" && $0.key != "credential" }.map { member in
            let value = String(decoding: bytes[member.value.range], as: UTF8.self)
            return ", \"\(member.key)\": \(value)"
        }.joined()
        var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
        for field in json["fields"]?.array ?? [] {
            head += "\(field.array?[0].string ?? ""): \(field.array?[1].string ?? "")\r\n"
        }
        if let content = json["content"]?.string { head += "Content-Length: \(content.utf8.count)\r\n" }
        self.head = (head + "\r\n").unicodeScalars.map { UInt8($0.value) }
    }
}
