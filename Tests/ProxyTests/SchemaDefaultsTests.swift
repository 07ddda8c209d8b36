import Glibc
import Testing
import Wire

@testable import Proxy

/// What deploy/proxy.schema.json says of a key that is left out, against what the decoder takes then.
@Suite struct SchemaDefaultsTests {
    /// One default: where in the schema it stands, the key, and the value as JSON.
    struct Default: CustomTestStringConvertible, Sendable {
        let definition: String
        let key: String
        let value: String

        var testDescription: String { "\(definition).\(key): \(value)" }
    }

    static let all: [Default] = {
        let path = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/deploy/proxy.schema.json"
        let schema = try! JSON.parse(read(path), bytesMax: 1 << 20)
        var found = defaults(in: schema, "")
        for member in schema["$defs"]?.object ?? [] {
            found += defaults(in: member.value, member.key)
            // One for all credentials is looked at in the first.
            if let value = member.value["default"] { found.append(Default(definition: "bloq", key: member.key, value: text(value))) }
        }
        return found
    }()

    private static func read(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes.prefix(count))
    }

    /// Those of the keys of an object, and of objects in it.
    private static func defaults(in schema: JSON, _ definition: String) -> [Default] {
        (schema["properties"]?.object ?? []).flatMap { member in
            let own = member.value["default"].map { [Default(definition: definition, key: member.key, value: text($0))] } ?? []
            return own + defaults(in: member.value, definition.isEmpty ? member.key : "\(definition).\(member.key)")
        }
    }

    private static func text(_ json: JSON) -> String {
        switch json.value {
        case .null: "null"
        case .bool(let bool): "\(bool)"
        case .number: "\(json.int ?? 0)"
        case .string(let string): JSONWriter.quoted(string)
        case .array(let elements): "[\(elements.map(text).joined(separator: ", "))]"
        case .object(let members): "{\(members.map { "\(JSONWriter.quoted($0.key)): \(text($0.value))" }.joined(separator: ", "))}"
        }
    }

    /// A configuration in which each definition has its object once, and that of `definition` this member.
    private func whole(_ definition: String, _ member: String) -> String {
        func at(_ name: String) -> String { name == definition && !member.isEmpty ? "\(member), " : "" }
        func alone(_ name: String) -> String { name == definition ? member : "" }
        return """
            { \(at(""))"routes": [
              { \(at("route"))"name": "one", "listen": "127.0.0.1:1", "upstream": "https://a.example", "credential": "c",
                "tls": { \(alone("tls")) }, "allow": { \(alone("allow")) },
                "timeouts": { \(alone("routeTimeouts")) }, "limits": { \(alone("routeLimits")) },
                "listenTLS": { \(at("listenTLS"))"certificate": "/c.pem", "key": "/k.pem" } } ],
              "credentials": {
                "c": { \(at("bloq"))"type": "bloq", "clientId": { "env": "A" }, "clientSecret": { "env": "A" },
                       "timeouts": { \(alone("credentialTimeouts")) } },
                "d": { \(at("bloq-account"))"type": "bloq-account", "username": { "env": "A" }, "password": { "env": "A" } },
                "e": { \(at("oauth2"))"type": "oauth2", "tokenURL": "https://b.example/t",
                       "clientId": { "env": "A" }, "clientSecret": { "env": "A" } },
                "f": { "type": "token-endpoint", "response": { "token": "t", "refreshToken": "r" },
                  "request": { \(at("call"))"url": "https://b.example/t", "json": { "a": { "env": "A" } } },
                  "refresh": { \(at("refreshCall"))"url": "https://b.example/r", "json": { "a": "{refreshToken}" } } } },
              "log": { \(alone("log")) }, "limits": { \(alone("limits")) } }
            """
    }

    /// What is decoded, but for where in the file it stood.
    private func decoded(_ definition: String, _ member: String = "") throws -> [Substring] {
        let configuration = try Configuration.load(Array(whole(definition, member).utf8), file: "proxy.json")
        var shown = ""
        // The texts are the file's own.
        for (name, value) in Mirror(reflecting: configuration).children where name != "texts" { dump(value, to: &shown, name: name) }
        return shown.replacing(/(line|column): [0-9]+/, with: "").split(separator: "\n")
    }

    @Test(arguments: all) func `a default is what holds where the key is left out`(one: Default) throws {
        let member = "\"\(one.key)\": \(one.value)"
        try #require(whole(one.definition, member).contains(member), "the configuration of this test has no \(one.definition)")
        let (with, without) = (try decoded(one.definition, member), try decoded(one.definition))
        let difference = zip(with, without).first { $0 != $1 }
        #expect(difference == nil && with.count == without.count, "\(String(describing: difference))")
    }

    @Test func `there are as many as there were, and another value is noticed`() throws {
        #expect(Self.all.count >= 36)
        #expect(try decoded("routeTimeouts", "\"connect\": \"6s\"") != decoded(""))
        #expect(try decoded("tls", "\"minimumVersion\": \"1.3\"") != decoded(""))
        #expect(try decoded("listenTLS", "\"minimumVersion\": \"1.3\"") != decoded(""))
        #expect(try decoded("oauth2", "\"authentication\": \"post\"") != decoded(""))
        #expect(try decoded("call", "\"method\": \"PUT\"") != decoded(""))
        #expect(try decoded("bloq", "\"authTimeout\": \"9s\"") != decoded(""))
        #expect(try decoded("") == decoded("route"))
    }
}
