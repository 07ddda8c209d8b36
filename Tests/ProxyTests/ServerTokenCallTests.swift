import Testing

@testable import Proxy

/// The token calls of each type of credential, as a token endpoint gets them.
@Suite struct ServerTokenCallTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let credential: String
        /// The start line.
        let start: String
        /// Field lines that have to be there; `Host` and `Connection` are there always.
        let fields: [String]
        let content: String
        let answer: String
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "bloq-account",
            credential: #"{ "type": "bloq-account", "username": { "env": "U" }, "password": { "env": "P" }, "accounts": "http://ENDPOINT/base" }"#,
            start: "POST /base/auth HTTP/1.1", fields: ["Authorization: Basic czNjcmV0OnMzY3JldA==", "Content-Length: 0"], content: "",
            answer: #"{"accessToken":"token-1"}"#),
        Case(
            name: "oauth2",
            credential: #"{ "type": "oauth2", "tokenURL": "http://ENDPOINT/oauth2/token/", "clientId": { "env": "I" }, "clientSecret": { "env": "S" }, "scope": "a b", "parameters": { "audience": "https://api.example/" } }"#,
            start: "POST /oauth2/token/ HTTP/1.1",
            fields: ["Authorization: Basic czNjcmV0OnMzY3JldA==", "Content-Type: application/x-www-form-urlencoded", "Content-Length: 77"],
            content: "grant_type=client_credentials&scope=a+b&audience=https%3A%2F%2Fapi.example%2F",
            answer: #"{"access_token":"token-1","token_type":"bearer","expires_in":3600}"#),
        Case(
            name: "oauth2 with the secret in the content",
            credential: #"{ "type": "oauth2", "tokenURL": "http://ENDPOINT", "clientId": { "env": "I" }, "clientSecret": { "env": "S" }, "authentication": "post", "query": { "policy": "a&b" } }"#,
            start: "POST /?policy=a%26b HTTP/1.1", fields: ["Content-Type: application/x-www-form-urlencoded"],
            content: "grant_type=client_credentials&client_id=s3cret&client_secret=s3cret",
            answer: #"{"access_token":"token-1"}"#),
        Case(
            name: "a token endpoint",
            credential: #"{ "type": "token-endpoint", "request": { "url": "http://ENDPOINT/v1/login", "method": "PUT", "headers": { "X-Tenant": "me", "X-Api-Key": { "env": "K" } }, "json": { "user": { "name": "me", "key": { "env": "K" } }, "n": [1.0, true, null] } }, "response": { "token": "data.token", "expiresIn": "data.ttl", "success": "ok" }, "defaultLifetime": "1h" }"#,
            start: "PUT /v1/login HTTP/1.1", fields: ["X-Tenant: me", "X-Api-Key: s3cret", "Content-Type: application/json", "Accept: application/json"],
            content: #"{"user":{"name":"me","key":"s3cret"},"n":[1.0,true,null]}"#,
            answer: #"{"ok":true,"data":{"token":"token-1","ttl":60}}"#),
        Case(
            name: "a token endpoint that is asked with GET",
            credential: #"{ "type": "token-endpoint", "request": { "url": "http://ENDPOINT/token", "method": "GET", "query": { "api_key": { "env": "K" }, "v": "1" } }, "response": { "token": ["a.0", "token"], "success": { "path": "code", "equals": 0 } } }"#,
            start: "GET /token?api_key=s3cret&v=1 HTTP/1.1", fields: ["Accept: application/json"], content: "",
            answer: #"{"code":0,"token":"token-1"}"#),
    ]

    @Test(arguments: cases)
    func `a token call arrives as it was configured, and its token is used`(example: Case) throws {
        let bench = try Bench(tokenCredential: example.credential)
        let endpoint = try bench.tokenEndpoint()
        #expect(bench.turn { endpoint.text.contains("\r\n\r\n") && endpoint.text.hasSuffix(example.content) })
        let parts = endpoint.text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        let lines = parts[0].split(separator: "\r\n").map(String.init)
        #expect(lines.first == example.start)
        #expect(parts[1] == example.content)
        for field in example.fields + ["Host: 127.0.0.1:\(bench.tokenPort)", "Connection: close", "User-Agent: bearerproxy"] {
            #expect(lines.contains(field), "\(field) in \(lines)")
        }
        #expect(Set(lines).count == lines.count)
        #expect(example.start.hasPrefix("GET") == !lines.contains { $0.hasPrefix("Content-Length") })
        endpoint.send("HTTP/1.1 200 OK\r\nContent-Length: \(example.answer.utf8.count)\r\n\r\n\(example.answer)")
        try expectToken("token-1", bench)
    }

    @Test func `a configured refresh call is made in place of the first, and after its refusal the first`() throws {
        let bench = try Bench(
            tokenCredential: #"""
                { "type": "token-endpoint", "request": { "url": "http://ENDPOINT/login", "form": { "key": { "env": "K" } } },
                  "refresh": { "url": "http://ENDPOINT/renew", "headers": { "X-Refresh": "{refreshToken}" } },
                  "response": { "token": "t", "expiresIn": "ttl", "refreshToken": "r" } }
                """#)
        try answer(#"{"t":"token-1","ttl":3600,"r":"refresh-1"}"#, to: "POST /login", holding: "\r\n\r\nkey=s3cret", bench)
        try expectToken("token-1", bench)
        bench.kernel.skew = .seconds(3_300)
        try answer(#"{"t":"token-2","ttl":3600}"#, to: "POST /renew", holding: "\r\nX-Refresh: refresh-1\r\n", bench)
        try expectToken("token-2", bench)
        bench.kernel.skew = .seconds(6_600)
        let refused = try bench.tokenEndpoint()
        #expect(bench.turn { refused.text.hasPrefix("POST /renew") && refused.text.hasSuffix("\r\n\r\n") })
        refused.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        try answer(#"{"t":"token-3","ttl":3600}"#, to: "POST /login", holding: "\r\n\r\nkey=s3cret", bench)
        try expectToken("token-3", bench)
    }

    @Test func `a secret that cannot stand where it is to is named with its place`() throws {
        let text = #"""
            { "routes": [{ "listen": "127.0.0.1:0", "upstream": "http://127.0.0.1", "credential": "c" }],
              "credentials": { "c": { "type": "token-endpoint",
                "request": { "url": "http://127.0.0.1/t", "json": { "key": { "env": "GOOD" } }, "headers": { "X-Other": { "env": "BAD" } } },
                "response": { "token": "t" } } } }
            """#
        let configuration = try Configuration.load(Array(text.utf8), file: "proxy.json")
        var preparation = Preparation(configuration: configuration, secrets: FixedSecret(["GOOD": "ü", "BAD": "hüsh"]))
        #expect(preparation.credential(0, destinationIndex: 0) == nil)
        #expect(preparation.findings.map(\.description) == [
            "proxy.json:3:109: credentials.c.request.headers.X-Other: request.headers.X-Other has a byte at offset 1 that may not stand there; "
                + "write visible ASCII characters, and spaces within",
        ])
    }

    @Test func `a call that is too long for any endpoint is told at the start`() throws {
        let text = """
            { "routes": [{ "listen": "127.0.0.1:0", "upstream": "http://127.0.0.1", "credential": "c" }],
              "credentials": { "c": { "type": "token-endpoint",
                "request": { "url": "http://127.0.0.1/t", "json": { "text": "\(String(repeating: "x", count: 60_000))" } },
                "response": { "token": "t" } } } }
            """
        let configuration = try Configuration.load(Array(text.utf8), file: "proxy.json")
        var preparation = Preparation(configuration: configuration, secrets: FixedSecret())
        #expect(preparation.credential(0, destinationIndex: 0) == nil)
        #expect(preparation.findings.map(\.description).first?.hasPrefix("proxy.json:2:25: credentials.c: the token call comes to 60") == true)
    }

    @Test(arguments: ["oauth2", "token-endpoint"])
    func `a token that tells no lifetime has the one that is configured`(type: String) throws {
        let keys =
            type == "oauth2"
            ? #""tokenURL": "http://ENDPOINT/", "clientId": { "env": "I" }, "clientSecret": { "env": "S" }"#
            : #""request": { "url": "http://ENDPOINT/" }, "response": { "token": "access_token" }"#
        let bench = try Bench(tokenCredential: #"{ "type": "\#(type)", \#(keys), "defaultLifetime": "100s" }"#)
        try answer(#"{"access_token":"token-1"}"#, to: "POST / HTTP/1.1\r\n", holding: "\r\n\r\n", bench)
        try expectToken("token-1", bench)
        // Renewal begins between 76 and 84 s.
        bench.kernel.skew = .seconds(70)
        try expectToken("token-1", bench)
        bench.kernel.skew = .seconds(90)
        try answer(#"{"access_token":"token-2"}"#, to: "POST / HTTP/1.1\r\n", holding: "\r\n\r\n", bench)
        try expectToken("token-2", bench)
    }

    private func answer(_ content: String, to start: String, holding part: String, _ bench: Bench) throws {
        let endpoint = try bench.tokenEndpoint()
        #expect(bench.turn { endpoint.text.hasPrefix(start) && endpoint.text.contains(part) })
        endpoint.send("HTTP/1.1 200 OK\r\nContent-Length: \(content.utf8.count)\r\n\r\n\(content)")
        #expect(bench.turn { endpoint.isOver })
    }

    private func expectToken(_ token: String, _ bench: Bench) throws {
        let client = try bench.client()
        client.send("GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.contains("\r\nAuthorization: Bearer \(token)\r\n") })
        upstream.send("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
    }
}
