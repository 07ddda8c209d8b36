import Credentials
import Testing
import Wire

@Suite struct GrantTests {
    @Test func `bloq authenticates with its client keys`() {
        let machine = Machine.bloq()
        #expect(machine.call())
        let call = machine.calls[0]
        #expect(call.method == "POST")
        #expect(call.path.revealed == "/auth/token")
        #expect(call.fieldLines.revealed == "User-Agent: bearerproxy\r\nContent-Type: application/json\r\nAccept: application/json\r\n")
        #expect(call.body.revealed == #"{"grantType":"clientCredentials","clientId":"id-1","clientSecret":"hush-1"}"#)
    }

    @Test func `bloq renews with the refresh token, and keeps it until another comes`() {
        let machine = Machine.bloq()
        #expect(machine.call())
        #expect(machine.answer(200, #"{"accessToken":"token-1","refreshToken":"refresh-1"}"#) == .renewed(generation: 1))
        for (answer, next) in [(#"{"accessToken":"token-2"}"#, "refresh-1"),
                               (#"{"accessToken":"token-3","refreshToken":"refresh-2"}"#, "refresh-2")] {
            machine.sleep()
            #expect(machine.call())
            _ = machine.answer(200, answer)
            machine.sleep()
            #expect(machine.call())
            #expect(machine.calls.last?.body.revealed == #"{"grantType":"refreshToken","refreshToken":"\#(next)"}"#)
            #expect(machine.calls.last?.path.revealed == "/auth/token")
            _ = machine.answer(200, #"{"accessToken":"token"}"#)
        }
    }

    @Test(arguments: [400, 401, 403])
    func `a refused refresh token is followed by the client keys in the same flight`(status: Int) {
        let machine = refreshing()
        #expect(machine.answer(status, #"{"message":"revoked"}"#) == .continues)
        #expect(machine.use() == .ready(generation: 1))
        #expect(machine.cache.nextDeadline == .zero)
        #expect(machine.call())
        #expect(machine.calls.last?.body.revealed.contains("clientCredentials") == true)
        #expect(!machine.call())
        #expect(machine.answer(200, #"{"accessToken":"token-2"}"#) == .renewed(generation: 2))
        machine.sleep()
        #expect(machine.call())
        #expect(machine.calls.last?.body.revealed.contains("clientCredentials") == true, "the refused one is forgotten")
    }

    @Test func `after an answer that is no token, the client keys take the place of the refresh token`() {
        let machine = refreshing()
        #expect(machine.answer(500).pause != nil)
        machine.sleep()
        #expect(machine.call())
        #expect(machine.calls.last?.body.revealed.contains("clientCredentials") == true)
        #expect(machine.answer(200, #"{"accessToken":"token-2"}"#) == .renewed(generation: 2))
        machine.sleep()
        #expect(machine.call())
        #expect(machine.calls.last?.body.revealed.contains("refresh-1") == true)
    }

    @Test(arguments: [FetchFailure.truncatedAnswer, .answerTooLarge, .malformedAnswer("no status line"), nil])
    func `after an answer of no use, too, the client keys are tried`(failure: FetchFailure?) {
        let machine = refreshing()
        if let failure {
            #expect(machine.cache.failed(failure, at: machine.now).isFailed)
        } else {
            // Expired when it comes.
            #expect(machine.answer(200, #"{"accessToken":"\#(jwt("{\"exp\":1}"))"}"#).pause != nil)
        }
        machine.sleep()
        #expect(machine.call())
        #expect(machine.calls.last?.body.revealed.contains("clientCredentials") == true)
    }

    @Test func `a lost connection says nothing against the refresh token`() {
        let machine = refreshing()
        #expect(machine.lose().pause != nil)
        machine.sleep()
        #expect(machine.call())
        #expect(machine.calls.last?.body.revealed.contains("refresh-1") == true)
    }

    @Test func `bloquo names the customer in the path`() throws {
        let machine = Machine(try .calls(.bloquo(
            customerId: Secret("a/b?c%~1"), clientId: Secret("i\"d"), clientSecret: Secret("s\\\u{1}é"))))
        #expect(machine.call())
        #expect(machine.calls[0].path.revealed == "/api/v1/customer/a%2Fb%3Fc%25~1/users/authenticateApiClient")
        #expect(machine.calls[0].body.revealed == #"{"clientId":"i\"d","clientSecret":"s\\\u0001é"}"#)
    }

    @Test func `any secret text survives its rendering as JSON`() throws {
        let secrets: [String] = (0..<128).map { code in
            "a" + String(Character(UnicodeScalar(UInt8(code)))) + "ü\u{1F600}"
        }
        for secret in secrets {
            let machine = Machine(try .calls(.bloq(clientId: Secret(secret), clientSecret: Secret(secret + secret))))
            #expect(machine.call())
            let body = machine.calls[0].body.withBytes { span in span.indices.map { span[$0] } }
            let json = try JSON.parse(body)
            #expect(json["clientId"]?.string == secret)
            #expect(json["clientSecret"]?.string == secret + secret)
        }
    }

    @Test func `a fixed token is ready at once and for good`() throws {
        let machine = Machine(try .fixed(token: Secret("token-0")))
        for _ in 0..<3 {
            #expect(machine.use() == .ready(generation: 1))
            #expect(machine.token == "token-0")
            #expect(!machine.call())
            #expect(machine.refuse(1) == .passThrough)
            #expect(machine.cache.nextDeadline == nil)
            machine.cache.replayRefused(generation: 1, route: 0, at: machine.now)
            machine.now += .seconds(1_000_000)
        }
        #expect(machine.cache.status(at: machine.now).isUsable)
    }

    @Test func `basic is user name and password in base 64`() throws {
        let grant = try Grant.basic(username: Secret("Aladdin"), password: Secret("open sesame"))
        let machine = Machine(grant)
        #expect(machine.use() == .ready(generation: 1))
        #expect(machine.token == "QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
        #expect(grant.scheme == "Basic")
        #expect(machine.refuse(1) == .passThrough)
    }

    @Test func `what cannot be sent is refused with its reason`() {
        #expect(throws: CredentialError.empty(setting: "token")) { try Grant.fixed(token: Secret("")) }
        #expect(throws: CredentialError.wrongByte(
            setting: "token", offset: 1, allowed: "visible ASCII characters only, no white space")) {
            try Grant.fixed(token: Secret("a\nb"))
        }
        #expect(throws: CredentialError.tooLong(setting: "token", bytes: 16_385, bytesMax: 16_384)) {
            try Grant.fixed(token: Secret(String(repeating: "x", count: 16_385)))
        }
        #expect(throws: CredentialError.notUTF8(setting: "clientSecret")) {
            try Grant.calls(.bloq(clientId: Secret("x"), clientSecret: Secret([0xC3, 0x28])))
        }
        #expect(throws: CredentialError.dotSegment(setting: "customerId")) {
            try Grant.calls(.bloquo(customerId: Secret(".."), clientId: Secret("x"), clientSecret: Secret("x")))
        }
        #expect(throws: CredentialError.wrongByte(
            setting: "username", offset: 1, allowed: "text without a colon and control characters")) {
            try Grant.basic(username: Secret("a:b"), password: Secret(""))
        }
    }

    /// A machine whose renewal with a refresh token is outstanding.
    private func refreshing() -> Machine {
        let machine = Machine.bloq()
        _ = machine.call()
        _ = machine.answer(200, #"{"accessToken":"token-1","refreshToken":"refresh-1"}"#)
        machine.sleep()
        #expect(machine.call())
        #expect(machine.calls.last?.body.revealed.contains("refresh-1") == true)
        return machine
    }
}

extension TokenCache.Outcome {
    fileprivate var isFailed: Bool { if case .failed = self { true } else { false } }
}
