import Credentials
import Testing
import Wire

@Suite struct AnswerTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var status = 200
        var body: String
        var meaning: Meaning
        var testDescription: String { name }

        enum Meaning: Sendable { case token, transient(naming: String), refusal }
    }

    static let bloquoCases: [Case] = [
        Case(name: "the envelope", body: #"{"status":true,"result":{"accessToken":"t","expiresIn":3600,"tokenType":"Bearer"}}"#, meaning: .token),
        Case(name: "the top level", body: #"{"status":true,"accessToken":"t","expiresIn":3600,"tokenType":"bearer"}"#, meaning: .token),
        Case(name: "no status member", body: #"{"result":{"accessToken":"t"}}"#, meaning: .token),
        Case(name: "a result that is null", body: #"{"result":null,"accessToken":"t"}"#, meaning: .token),
        Case(name: "created", status: 201, body: #"{"accessToken":"t"}"#, meaning: .token),
        Case(name: "a fraction of seconds", body: #"{"accessToken":"t","expiresIn":3.6e3}"#, meaning: .token),
        Case(name: "status false", body: #"{"status":false,"result":{"accessToken":"t"}}"#, meaning: .refusal),
        Case(name: "status that is no boolean", body: #"{"status":"ok","accessToken":"t"}"#, meaning: .transient(naming: "succeeded")),
        Case(name: "another type", body: #"{"accessToken":"t","tokenType":"MAC"}"#, meaning: .transient(naming: "Bearer")),
        Case(name: "a lifetime in words", body: #"{"accessToken":"t","expiresIn":"soon"}"#, meaning: .transient(naming: "lifetime at \"result.expiresIn\"")),
        Case(name: "expired", body: #"{"accessToken":"t","expiresIn":0}"#, meaning: .transient(naming: "expired")),
        Case(name: "long expired", body: #"{"accessToken":"t","expiresIn":-1e300}"#, meaning: .transient(naming: "expired")),
    ] + commonCases

    static let commonCases: [Case] = [
        Case(name: "bad request", status: 400, body: "{}", meaning: .refusal),
        Case(name: "unauthorized", status: 401, body: "", meaning: .refusal),
        Case(name: "forbidden", status: 403, body: "<html>", meaning: .refusal),
        Case(name: "not found", status: 404, body: #"{"accessToken":"t"}"#, meaning: .transient(naming: "404: check the configured address")),
        Case(name: "too many requests", status: 429, body: "", meaning: .transient(naming: "429: it has been asked too often")),
        Case(name: "server error", status: 500, body: "hush", meaning: .transient(naming: "500: it fails")),
        Case(name: "redirect", status: 302, body: #"{"accessToken":"t"}"#, meaning: .transient(naming: "redirect")),
        Case(name: "permanent redirect", status: 308, body: "", meaning: .transient(naming: "redirect")),
        Case(name: "empty", body: "", meaning: .transient(naming: "empty")),
        Case(name: "white space", body: " \r\n\t", meaning: .transient(naming: "empty")),
        Case(name: "no content", status: 204, body: "", meaning: .transient(naming: "empty")),
        Case(name: "a page", body: "\n<!DOCTYPE html><p>hush", meaning: .transient(naming: "page")),
        Case(name: "text", body: "hush", meaning: .transient(naming: "not JSON")),
        Case(name: "cut off", body: #"{"accessToken":"hush"#, meaning: .transient(naming: "cut off")),
        Case(name: "an array", body: "[1]", meaning: .transient(naming: "object")),
        Case(name: "no token", body: #"{"hush":1}"#, meaning: .transient(naming: "no token: there is no text at")),
        Case(name: "a token that is a number", body: #"{"accessToken":7}"#, meaning: .transient(naming: "no token")),
        Case(name: "a token that is null", body: #"{"accessToken":null}"#, meaning: .transient(naming: "no token")),
        Case(name: "an empty token", body: #"{"accessToken":""}"#, meaning: .transient(naming: "no token")),
        Case(name: "a token with a space", body: #"{"accessToken":"hush hush"}"#, meaning: .transient(naming: "field: a byte of it is not visible ASCII")),
        Case(name: "a token with CRLF", body: #"{"accessToken":"hush\r\nX: y"}"#, meaning: .transient(naming: "field")),
        Case(name: "a token beyond ASCII", body: #"{"accessToken":"hüsh"}"#, meaning: .transient(naming: "field")),
        Case(name: "the longest token", body: #"{"accessToken":"\#(String(repeating: "x", count: 16_384))"}"#, meaning: .token),
        Case(name: "a longer token", body: #"{"accessToken":"\#(String(repeating: "x", count: 16_385))"}"#, meaning: .transient(naming: "field: it has 16385 bytes, and at most 16384 fit")),
        Case(name: "huge", body: #"{"accessToken":"t","more":"\#(String(repeating: "x", count: 65_536))"}"#, meaning: .transient(naming: "too large")),
        Case(name: "deep", body: #"{"accessToken":"t","more":\#(String(repeating: "[", count: 40))\#(String(repeating: "]", count: 40))}"#, meaning: .transient(naming: "not JSON")),
        Case(name: "two tokens", body: #"{"accessToken":"t","accessToken":"u"}"#, meaning: .transient(naming: "not JSON")),
    ]

    @Test(arguments: bloquoCases)
    func `an answer of bloquo is judged`(example: Case) {
        judge(example, Machine.bloquo())
    }

    @Test(arguments: commonCases)
    func `an answer of bloq is judged`(example: Case) {
        judge(example, Machine.bloq())
    }

    private func judge(_ example: Case, _ fresh: Machine) {
        let machine = fresh
        #expect(machine.call())
        let outcome = machine.answer(example.status, example.body)
        switch example.meaning {
        case .token:
            #expect(outcome == .renewed(generation: 1))
            #expect(machine.use() == .ready(generation: 1))
        case .transient(let name):
            #expect(outcome.cause?.contains(name) == true, "\(outcome)")
            #expect(outcome.cause?.contains("hush") == false)
            #expect(machine.state == .backoff)
            #expect(machine.use().isPausing)
        case .refusal:
            #expect(outcome.pause == .seconds(300))
            #expect(machine.state == .refused)
            #expect(machine.use().isUnavailable)
        }
    }

    @Test func `only a bloquo answer tells a lifetime`() {
        let machine = Machine.bloq()
        #expect(machine.call())
        _ = machine.answer(200, #"{"accessToken":"t","expiresIn":5}"#)
        #expect(machine.cache.status(at: machine.now).expiresIn == .seconds(3_600))
    }

    @Test func `each way a call can be lost has a name of its own`() {
        let failures: [FetchFailure] = [
            .connection("a"), .tls("a"), .timeout("a"), .malformedAnswer("a"), .truncatedAnswer, .answerTooLarge,
        ]
        #expect(Set(failures.map(\.cause)).count == failures.count)
        for failure in failures {
            let machine = Machine.bloquo()
            #expect(machine.call())
            let outcome = machine.cache.failed(failure, at: machine.now)
            #expect(outcome.cause == failure.cause)
            #expect(machine.cache.status(at: machine.now).cause == failure.cause)
        }
    }
}
