import Glibc
import Sandbox
import Testing
import Wire

@Suite(.serialized)
struct HTTPServerTests {
    private let harness: Harness
    private let bearer: String

    init() throws {
        harness = try Harness()
        bearer = "Authorization: Bearer \(try harness.bloqTokens().access)"
    }

    private func url(_ path: String) -> String { "https://btc.connect.bloq.cloud/_sandbox/\(path)" }

    @Test(arguments: ["", "&chunked=1"])
    func `content of any length arrives whole`(coding: String) throws {
        for count in [0, 1, 16_384, 1_000_001] {
            let answer = try harness.curl(url("bytes?count=\(count)\(coding)"), "-H", bearer)
            #expect(answer.exitCode == 0 && answer.status == 200)
            #expect(answer.content.count == count)
            #expect(answer.content.enumerated().allSatisfy { $0.element == UInt8($0.offset % 251) })
            #expect(answer.heads.contains("transfer-encoding: chunked") == !coding.isEmpty)
        }
    }

    @Test func `uploads are taken with a length, in chunks, and after 100 Continue`() throws {
        let file = try temporaryFile([UInt8](repeating: 7, count: 2_000_000))
        defer { unlink(file) }
        let plain = try harness.curl(url("length"), "-H", bearer, "--data-binary", "@\(file)", "-H", "Expect:")
        #expect(try plain.json()["length"]?.int == 2_000_000)
        let chunked = try harness.curl(
            url("length"), "-H", bearer, "--data-binary", "@\(file)", "-H", "Transfer-Encoding: chunked")
        #expect(try chunked.json()["length"]?.int == 2_000_000)
        let expected = try harness.curl(
            url("length"), "-H", bearer, "--data-binary", "@\(file)", "-H", "Expect: 100-continue")
        #expect(expected.heads.contains("100 continue"))
        #expect(try expected.json()["length"]?.int == 2_000_000)
    }

    @Test func `a refused request that waits for 100 Continue is answered before its content`() throws {
        let answer = try harness.curl(url("length"), "-d", "abc", "-H", "Expect: 100-continue")
        #expect(answer.status == 401 && !answer.heads.contains("100 continue"))
        #expect(answer.heads.contains("connection: close"))
    }

    @Test func `content beyond the limit is refused`() throws {
        let answer = try harness.curl(url("length"), "-H", bearer, "-H", "Content-Length: 33554433", "-d", "a")
        #expect(answer.status == 413)
    }

    @Test func `requests follow each other on one connection, refused ones too`() throws {
        let answer = try harness.curl(
            url("echo"), "-H", "Authorization: Bearer nonsense", "-d", "abc", url("echo"), "-o", "/dev/null")
        #expect(answer.status == 401 && answer.connections == 0)
    }

    @Test func `HEAD has the head alone`() throws {
        let answer = try harness.curl(url("bytes?count=12"), "-H", bearer, "--head")
        #expect(answer.exitCode == 0 && answer.status == 200)
        #expect(answer.heads.contains("content-length: 12") && answer.heads.contains("date: "))
    }

    @Test func `the echo shows everything but credentials`() throws {
        let answer = try harness.curl(
            url("echo?a=1&token=secret1"), "-H", bearer, "-H", "X-Name:  two  words ", "-d", "abc", "-X", "PATCH")
        let json = try answer.json()
        #expect(json["method"]?.string == "PATCH" && json["bodyLength"]?.int == 3)
        #expect(json["target"]?.string == "/_sandbox/echo?a=1&token=<redacted>")
        let fields = json["headers"]?.array?.map { $0.array?.compactMap(\.string) ?? [] } ?? []
        #expect(fields.contains(["Authorization", "Bearer <redacted>"]) && fields.contains(["X-Name", "two  words"]))
        #expect(!answer.text.contains("secret1"))
    }

    @Test func `ordered failures befall the next token calls only`() throws {
        let path = "https://accounts.bloq.cloud/_sandbox/fail?status=503&count=2&retryAfter=7"
        #expect(try harness.curl(path, "-X", "POST").status == 200)
        let failed = try harness.refresh("x")
        #expect(failed.status == 503 && failed.heads.contains("retry-after: 7"))
        #expect(try harness.curl(statusURL, "-H", bearer).status == 200)
        #expect(try harness.refresh("x").status == 503)
        #expect(try harness.refresh("x").status == 401)
        let state = try harness.curl("https://accounts.bloq.cloud/_sandbox/state").json()
        #expect(state["tokenCallCount"]?.int == 4)
        #expect(state.value(at: "accounts.tokenCalls.refused")?.int == 3)
        #expect(state.value(at: "connect.requests")?.int == 1 && state.value(at: "connect.refused")?.int == 0)
    }

    @Test func `a hundred requests at once are all answered, and each counts once`() throws {
        let answer = try harness.curl(
            "https://btc.connect.bloq.cloud/api/v1/block-index/[1-100]", "-H", bearer, "--parallel", "--parallel-max",
            "50", "-o", "/dev/null")
        #expect(answer.exitCode == 0)
        #expect(harness.onLoop { $0.connectRequests } .requests == 100)
    }
}
