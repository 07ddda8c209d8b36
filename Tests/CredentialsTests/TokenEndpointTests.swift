import Credentials
import Testing
import Wire

/// The calls of every kind of provider, to the byte.
@Suite struct TokenEndpointTests {
    typealias Form = CallForm<Secret>

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let endpoint: TokenEndpoint<Secret>
        /// Start line and fields without what belongs to the connection, an empty line, and the content; lines end with CRLF.
        let call: String
        var testDescription: String { name }

        init(_ name: String, _ endpoint: TokenEndpoint<Secret>, _ call: String) {
            self.name = name
            self.endpoint = endpoint
            self.call = call
        }

        init(_ name: String, _ form: Form, _ call: String) {
            self.init(name, TokenEndpoint(authentication: form, answer: AnswerForm(tokenPaths: ["t"])), call)
        }
    }

    private static let agent = "User-Agent: bearerproxy\r\n"
    private static let json = "User-Agent: bearerproxy\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
    private static let form = "User-Agent: bearerproxy\r\nContent-Type: application/x-www-form-urlencoded\r\nAccept: application/json\r\n"
    private static let id = Secret("id: 1&+%")
    private static let hush = Secret("hüsh \"1\"\\")

    static let cases = [
        Case("bloq", .bloq(clientId: Secret("id-1"), clientSecret: hush),
            "POST /auth/token\r\n\(json)\r\n" + #"{"grantType":"clientCredentials","clientId":"id-1","clientSecret":"hüsh \"1\"\\"}"#),
        // RFC 7617 2
        Case("bloq-account", .bloqAccount(username: Secret("Aladdin"), password: Secret("open sesame")),
            "POST /auth\r\n\(agent)Accept: application/json\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"),
        Case("bloq-account with a password of colons and umlauts", .bloqAccount(username: Secret("me@example.com"), password: Secret("a:b:ü")),
            "POST /auth\r\n\(agent)Accept: application/json\r\nAuthorization: Basic \(base64("me@example.com:a:b:ü"))\r\n\r\n"),
        Case("bloquo", .bloquo(customerId: Secret("a/b?c%~1"), clientId: Secret("id-1"), clientSecret: hush),
            "POST /api/v1/customer/a%2Fb%3Fc%25~1/users/authenticateApiClient\r\n\(json)\r\n" + #"{"clientId":"id-1","clientSecret":"hüsh \"1\"\\"}"#),
        // RFC 6749 4.4.2, with the client of 2.3.1.
        Case("oauth2", .oauth2(path: "/token", clientId: Secret("s6BhdRkqt3"), clientSecret: Secret("gX1fBat3bV")),
            "POST /token\r\n\(form)Authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW\r\n\r\ngrant_type=client_credentials"),
        Case("oauth2 with all there is",
            .oauth2(
                path: "/a/b/", query: [.init("p 1", .literal("a/b"))], clientId: id, clientSecret: hush, authentication: .basic,
                scope: "read:all write", parameters: [.init("audience", .literal("https://api.example/?a=b")), .init("x", .secret(hush, setting: "x"))]),
            "POST /a/b/?p%201=a%2Fb\r\n\(form)Authorization: Basic \(base64("id%3A+1%26%2B%25:h%C3%BCsh+%221%22%5C"))\r\n\r\n"
                + "grant_type=client_credentials&scope=read%3Aall+write&audience=https%3A%2F%2Fapi.example%2F%3Fa%3Db&x=h%C3%BCsh+%221%22%5C"),
        Case("oauth2 with the secret in the content", .oauth2(path: "/token", clientId: id, clientSecret: hush, authentication: .post),
            "POST /token\r\n\(form)\r\ngrant_type=client_credentials&client_id=id%3A+1%26%2B%25&client_secret=h%C3%BCsh+%221%22%5C"),
        Case("a GET", Form(method: .get, path: [.literal("/t")], query: [.init("key", .secret(hush, setting: "key")), .init("v", .literal(""))], content: .none),
            "GET /t?key=h%C3%BCsh%20%221%22%5C&v=\r\n\(agent)Accept: application/json\r\n\r\n"),
        Case("a PUT with fields",
            Form(
                method: .put, path: [.literal("/")],
                fields: [.init("X-Api-Key", .secret(Secret("k 1"), setting: "k")), .init("content-type", .literal("application/x.y+json"))],
                content: .json(.array([]))),
            "PUT /\r\n\(agent)Accept: application/json\r\nX-Api-Key: k 1\r\ncontent-type: application/x.y+json\r\n\r\n[]"),
        Case("every kind of JSON",
            Form(path: [.literal("/")], content: .json(.object([
                .init("a\"b", .null), .init("ü", .bool(true)), .init("n", .number("-1.50e+3")),
                .init("list", .array([.bool(false), .string(.literal("\u{1}")), .object([])])),
                .init("deep", .object([.init("key", .string(.secret(hush, setting: "key")))])),
            ]))),
            "POST /\r\n\(json)\r\n" + #"{"a\"b":null,"ü":true,"n":-1.50e+3,"list":[false,"\u0001",{}],"deep":{"key":"hüsh \"1\"\\"}}"#),
        Case("an empty form", Form(path: [.literal("/")], content: .form([])), "POST /\r\n\(form)\r\n"),
    ]

    @Test(arguments: cases)
    func `a call is written to the byte`(example: Case) throws {
        let machine = Machine(try .calls(example.endpoint))
        #expect(machine.call())
        #expect(text(machine.calls[0]) == example.call)
    }

    struct RefreshCase: CustomTestStringConvertible, Sendable {
        let name: String
        let form: Form
        let call: String
        var testDescription: String { name }
    }

    static let refreshCases = [
        RefreshCase(
            name: "path and query", form: Form(path: [.literal("/r/"), .refreshToken], query: [.init("q", .refreshToken)], content: .none),
            call: "POST /r/a%26%22b%25?q=a%26%22b%25\r\n\(agent)Accept: application/json\r\n\r\n"),
        RefreshCase(
            name: "a field and Basic",
            form: Form(
                path: [.literal("/")], fields: [.init("X-R", .refreshToken)], basic: .init(username: .refreshToken, password: .refreshToken),
                content: .none),
            call: "POST /\r\n\(agent)Accept: application/json\r\nX-R: a&\"b%\r\nAuthorization: Basic \(base64("a&\"b%:a&\"b%"))\r\n\r\n"),
        RefreshCase(
            name: "a form", form: Form(path: [.literal("/")], content: .form([.init("f", .refreshToken)])),
            call: "POST /\r\n\(form)\r\nf=a%26%22b%25"),
        RefreshCase(
            name: "JSON", form: Form(path: [.literal("/")], content: .json(.array([.string(.refreshToken)]))),
            call: "POST /\r\n\(json)\r\n[\"a&\\\"b%\"]"),
    ]

    @Test(arguments: refreshCases)
    func `a refresh token stands in every place of a call`(example: RefreshCase) throws {
        let machine = Machine(try .calls(TokenEndpoint(
            authentication: Form(path: [.literal("/")], content: .none), refresh: example.form,
            answer: AnswerForm(tokenPaths: ["t"], refreshTokenPaths: ["r"]))))
        #expect(machine.call())
        _ = machine.answer(200, #"{"t":"token-1","r":"a&\"b%"}"#)
        machine.sleep()
        #expect(machine.call())
        #expect(text(machine.calls[1]) == example.call)
    }

    @Test func `without a call for it, a refresh token is not looked for`() throws {
        let machine = Machine(try .calls(TokenEndpoint(
            authentication: Form(path: [.literal("/")], content: .none),
            answer: AnswerForm(tokenPaths: ["t"], refreshTokenPaths: ["r"]))))
        #expect(machine.call())
        #expect(machine.answer(200, #"{"t":"token-1","r":"refresh-1"}"#) == .renewed(generation: 1))
        machine.sleep()
        #expect(machine.call())
        #expect(machine.calls[1] == machine.calls[0])
    }

    @Test func `a refresh token that is too long for a call is not kept`() {
        let machine = Machine.bloq()
        #expect(machine.call())
        #expect(machine.answer(200, #"{"accessToken":"token-1","refreshToken":"\#(String(repeating: "x", count: 8_193))"}"#) == .renewed(generation: 1))
        machine.sleep()
        #expect(machine.call())
        #expect(machine.calls[1] == machine.calls[0])
    }

    @Test func `the longest settings that are taken make a call that fits, and longer ones are refused`() throws {
        let limits = Limits()
        let long = Secret(String(repeating: "\"", count: limits.inputBytesMax))
        let machine = Machine(try .calls(.bloq(clientId: long, clientSecret: long)))
        #expect(machine.call())
        #expect(machine.calls[0].body.count <= limits.callBytesMax)
        let members = (0..<8).map { CallJSON<Secret>.Member("m\($0)", .string(.secret(long, setting: "m"))) }
        #expect {
            try Grant.calls(TokenEndpoint(
                authentication: Form(path: [.literal("/")], content: .json(.object(members))), answer: AnswerForm(tokenPaths: ["t"])))
        } throws: { error in
            guard case .callTooLong(let bytes, let bytesMax) = error as? CredentialError else { return false }
            return bytes > bytesMax && bytesMax == limits.callBytesMax
        }
    }

    @Test(arguments: [("\r\nX: y", 0), (" a", 0), ("a ", 1), ("a\u{7F}", 1), ("ü", 0)])
    func `a field's value is one line of visible characters`(value: String, offset: Int) {
        for field in [CallValue.secret(Secret(value), setting: "X-Key"), .literal(value)] {
            #expect(throws: CredentialError.wrongByte(
                setting: "X-Key", offset: offset, allowed: "visible ASCII characters, and spaces within")) {
                try Grant.calls(TokenEndpoint(
                    authentication: Form(path: [.literal("/")], fields: [.init("X-Key", field)], content: .none),
                    answer: AnswerForm(tokenPaths: ["t"])))
            }
        }
    }

    @Test func `secrets are found in every place, in the order of the call`() {
        let endpoint = TokenEndpoint<Int>(
            authentication: CallForm(
                path: [.literal("/"), .secret(1, setting: "")], query: [.init("q", .secret(2, setting: ""))],
                fields: [.init("f", .secret(3, setting: ""))], basic: .init(username: .literal("u"), password: .secret(4, setting: "")),
                content: .json(.object([.init("a", .array([.string(.secret(5, setting: ""))])), .init("b", .string(.secret(6, setting: "")))]))),
            refresh: CallForm(path: [], content: .form([.init("f", .secret(7, setting: "")), .init("r", .refreshToken)])),
            answer: AnswerForm(tokenPaths: []))
        #expect(endpoint.sources == [1, 2, 3, 4, 5, 6, 7])
        #expect(endpoint.map { $0 * 10 }.sources == [10, 20, 30, 40, 50, 60, 70])
    }
}

private func text(_ call: TokenRequest) -> String {
    "\(call.method) \(call.path.revealed)\r\n\(call.fieldLines.revealed)\r\n\(call.body.revealed)"
}

private func base64(_ text: String) -> String { Base64.encode(Array(text.utf8)) }
