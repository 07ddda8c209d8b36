import Credentials
import Testing

/// Answers of endpoints whose form is configured, and those of OAuth 2.
@Suite struct AnswerFormTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let form: AnswerForm
        let status: Int
        let body: String
        let meaning: Meaning
        var testDescription: String { name }

        enum Meaning: Sendable { case token(String, lifetime: Int), transient(naming: String), refusal(naming: String) }

        init(_ name: String, _ form: AnswerForm, status: Int = 200, _ body: String, _ meaning: Meaning) {
            self.name = name
            self.form = form
            self.status = status
            self.body = body
            self.meaning = meaning
        }
    }

    private static let oauth = TokenEndpoint.oauth2(path: "/", clientId: Secret("i"), clientSecret: Secret("s")).answer
    private static let deep = AnswerForm(tokenPaths: ["data.0.token", "token"], lifetimePaths: ["data.0.ttl"])

    private static func equals(_ value: AnswerForm.Success.Value) -> AnswerForm {
        AnswerForm(tokenPaths: ["t"], success: AnswerForm.Success(paths: ["code"], value: value))
    }

    static let cases = [
        // RFC 6749 5.1
        Case("oauth2", oauth, #"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"example","expires_in":3600}"#, .transient(naming: "Bearer")),
        Case("oauth2 with a bearer token", oauth, #"{"access_token":"t-1","token_type":"Bearer","expires_in":60,"refresh_token":"r"}"#, .token("t-1", lifetime: 60)),
        Case("a type in another case", oauth, #"{"access_token":"t-1","token_type":"bEARER"}"#, .token("t-1", lifetime: 3_600)),
        Case("a lifetime in a string", oauth, #"{"access_token":"t-1","token_type":"Bearer","expires_in":"3599"}"#, .token("t-1", lifetime: 3_599)),
        Case("a lifetime in a string of words", oauth, #"{"access_token":"t-1","expires_in":"inf"}"#, .transient(naming: "lifetime")),
        Case("a lifetime in an empty string", oauth, #"{"access_token":"t-1","expires_in":""}"#, .transient(naming: "lifetime")),
        Case("an error of null", oauth, #"{"access_token":"t-1","error":null}"#, .token("t-1", lifetime: 3_600)),
        // RFC 6749 5.2
        Case("invalid_client", oauth, status: 401, #"{"error":"invalid_client","error_description":"hush"}"#, .refusal(naming: "invalid_client")),
        Case("invalid_client, 400", oauth, status: 400, #"{"error":"invalid_client"}"#, .refusal(naming: "invalid_client")),
        Case("invalid_client, 404", oauth, status: 404, #"{"error":"invalid_client"}"#, .refusal(naming: "invalid_client")),
        Case("invalid_client, 200", oauth, status: 200, #"{"error":"invalid_client"}"#, .refusal(naming: "invalid_client")),
        Case("invalid_client, 500", oauth, status: 500, #"{"error":"invalid_client"}"#, .transient(naming: "500")),
        Case("unauthorized_client", oauth, status: 400, #"{"error":"unauthorized_client"}"#, .refusal(naming: "unauthorized_client")),
        Case("invalid_grant", oauth, status: 400, #"{"error":"invalid_grant"}"#, .refusal(naming: "invalid_grant")),
        Case("invalid_scope", oauth, status: 400, #"{"error":"invalid_scope"}"#, .refusal(naming: "check the scope")),
        Case("invalid_request", oauth, status: 400, #"{"error":"invalid_request"}"#, .refusal(naming: "invalid_request")),
        Case("unsupported_grant_type", oauth, status: 400, #"{"error":"unsupported_grant_type"}"#, .refusal(naming: "unsupported_grant_type")),
        Case("access_denied", oauth, status: 403, #"{"error":"access_denied"}"#, .refusal(naming: "access_denied")),
        Case("invalid_target", oauth, status: 400, #"{"error":"invalid_target"}"#, .refusal(naming: "audience")),
        Case("temporarily_unavailable", oauth, status: 400, #"{"error":"temporarily_unavailable"}"#, .transient(naming: "temporarily_unavailable")),
        Case("slow_down", oauth, status: 400, #"{"error":"slow_down"}"#, .transient(naming: "slow_down")),
        Case("server_error", oauth, status: 403, #"{"error":"server_error"}"#, .transient(naming: "server_error")),
        Case("slow_down, 429", oauth, status: 429, #"{"error":"invalid_client"}"#, .transient(naming: "429")),
        Case("an error that nobody knows", oauth, status: 400, #"{"error":"hush"}"#, .refusal(naming: "status 400")),
        Case("an error that nobody knows, 200", oauth, status: 200, #"{"error":"hush","access_token":"t"}"#, .transient(naming: "has an error")),
        Case("a refusal that is a page", oauth, status: 401, "<html>hush", .refusal(naming: "status 401")),

        Case("a path through a list", deep, #"{"data":[{"token":"t-1","ttl":7},{"token":"u"}]}"#, .token("t-1", lifetime: 7)),
        Case("the second path", deep, #"{"data":[],"token":"t-2"}"#, .token("t-2", lifetime: 3_600)),
        Case("a member whose name is a number", deep, #"{"data":{"0":{"token":"t-3"}}}"#, .token("t-3", lifetime: 3_600)),
        Case("an error that was not asked for", deep, status: 200, #"{"error":"x","token":"t-4"}"#, .token("t-4", lifetime: 3_600)),

        Case("success by a number", equals(.number(0)), #"{"code":0.0,"t":"t-1"}"#, .token("t-1", lifetime: 3_600)),
        Case("another number", equals(.number(0)), #"{"code":1,"t":"t-1"}"#, .refusal(naming: "failed")),
        Case("success by a word", equals(.string("ok")), #"{"code":"ok","t":"t-1"}"#, .token("t-1", lifetime: 3_600)),
        Case("another word", equals(.string("ok")), #"{"code":"OK","t":"t-1"}"#, .refusal(naming: "failed")),
        Case("a number for a word", equals(.string("0")), #"{"code":0,"t":"t-1"}"#, .refusal(naming: "failed")),
        Case("success by false", equals(.bool(false)), #"{"code":false,"t":"t-1"}"#, .token("t-1", lifetime: 3_600)),
        Case("true where false is success", equals(.bool(false)), #"{"code":true,"t":"t-1"}"#, .refusal(naming: "failed")),
        Case("neither", equals(.bool(true)), #"{"code":"hush","t":"t-1"}"#, .transient(naming: "succeeded")),
        Case("nothing said of success", equals(.bool(true)), #"{"t":"t-1"}"#, .token("t-1", lifetime: 3_600)),
    ]

    @Test(arguments: cases)
    func `an answer is judged`(example: Case) throws {
        let endpoint = TokenEndpoint<Secret>(authentication: CallForm(path: [.literal("/")], content: .none), answer: example.form)
        let machine = Machine(try .calls(endpoint))
        #expect(machine.call())
        let outcome = machine.answer(example.status, example.body)
        #expect(outcome.cause?.contains("hush") != true)
        switch example.meaning {
        case .token(let token, let lifetime):
            #expect(outcome == .renewed(generation: 1))
            #expect(machine.token == token)
            #expect(machine.cache.status(at: machine.now).expiresIn == .seconds(lifetime))
        case .transient(let name):
            #expect(outcome.cause?.contains(name) == true, "\(outcome)")
            #expect(machine.state == .backoff)
        case .refusal(let name):
            #expect(outcome.cause?.contains(name) == true, "\(outcome)")
            #expect(machine.state == .refused)
        }
    }
}
