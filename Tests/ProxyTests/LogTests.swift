import EventLoop
import Glibc
import Testing
import Wire

@testable import Proxy

/// What a request leaves in the log.
@Suite struct LogTests {
    @Test(arguments: ["json", "text"])
    func `a line has the path and neither query nor secret`(format: String) throws {
        let file = try File()
        let bench = try Bench(log: #"{ "access": "\#(file.path)", "format": "\#(format)", "level": "error" }"#)
        let client = try bench.client()
        client.send("GET /a/b?token=q1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: f1\r\nX-Request-Id: id-1\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: c1\r\n\r\nok")
        #expect(bench.turn { client.text.hasSuffix("ok") && !file.text.isEmpty })
        let line = file.text
        #expect(line.contains("/a/b") && line.contains("id-1") && line.contains("GET") && line.contains("200") && line.hasSuffix("\n"))
        for hidden in ["token", "q1", "f1", "c1", "s3cret", "?"] { #expect(!line.contains(hidden), "\(hidden)") }
    }

    @Test func `a line says how a request went`() throws {
        let file = try File()
        let bench = try Bench(log: #"{ "access": "\#(file.path)", "level": "error" }"#)
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("abc") })
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(bench.turn { !file.text.isEmpty })
        let line = try JSON.parse(Array(file.text.utf8))
        #expect(line["route"]?.string == "main" && line["method"]?.string == "POST" && line["path"]?.string == "/a")
        #expect(line["status"]?.int == 200 && line["received"]?.int == 3 && line["sent"]?.int == 2)
        #expect(line["replayed"]?.bool == false && line["error"] == nil)
        let times = ["microseconds", "upstreamMicroseconds"].compactMap { line[$0]?.int }
        #expect(times.count == 2 && times[1] <= times[0])
        for absent in ["tokenMicroseconds", "replays", "retries"] { #expect(line[absent] == nil, "\(absent)") }
    }

    @Test(arguments: ["json", "text"])
    func `a line says that its request waited for a token, and was sent again`(format: String) throws {
        let file = try File()
        let bench = try Bench(log: #"{ "access": "\#(file.path)", "format": "\#(format)", "level": "error" }"#, hasTokenCalls: true)
        let client = try bench.client()
        client.send("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try bench.giveToken("first-token")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        try bench.giveToken("second-token")
        let second = try bench.upstream()
        #expect(bench.turn { second.text.hasSuffix("\r\n\r\n") })
        second.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        #expect(bench.turn { file.text.hasSuffix("\n") })
        let isText = format == "text"
        if isText {
            #expect(file.text.contains("us replayed upstream=") && file.text.contains("us token=") && file.text.contains(" replays=1"))
        } else {
            let line = try JSON.parse(Array(file.text.utf8))
            #expect(line["replayed"]?.bool == true && line["replays"]?.int == 1 && line["tokenMicroseconds"]?.int ?? 0 > 0)
        }
    }

    @Test(arguments: ["json", "text"])
    func `a line says that a head was sent again because the announcement of its content was refused`(format: String) throws {
        let file = try File()
        let bench = try Bench(log: #"{ "access": "\#(file.path)", "format": "\#(format)", "level": "error" }"#)
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        let first = try bench.upstream()
        #expect(bench.turn { first.text.hasSuffix("Expect: 100-continue\r\n\r\n") })
        first.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
        let second = try bench.upstream()
        client.send("3\r\nabc\r\n0\r\n\r\n")
        #expect(bench.turn { second.text.hasSuffix("3\r\nabc\r\n0\r\n\r\n") && !second.text.contains("Expect") })
        second.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        #expect(bench.turn { file.text.hasSuffix("\n") })
        #expect(file.text.contains(format == "text" ? " retries=1" : "\"retries\":1"))
    }

    @Test func `the journal is told how grave an event is, and nobody else`() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        var status = stat()
        try #require(fstat(ends[1], &status) == 0)
        let stream = "\(status.st_dev):\(status.st_ino)"
        let settings = LogSettings(access: .off, format: .text, level: .debug)
        for (journal, prefixes) in [(stream, ["<7>", "<6>", "<4>", "<3>"]), ("1:2", ["", "", "", ""])] {
            let log = try Log(settings, kernel: LinuxKernel(), eventDescriptor: ends[1], journal: journal)
            for level in [LogSettings.Level.debug, .info, .warning, .error] { log.event(level, "what happened") }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = read(ends[0], &bytes, bytes.count)
            let lines = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: "\n")
            #expect(lines.count == 4)
            for (line, prefix) in zip(lines, prefixes) { #expect(line.hasPrefix(prefix) && line.dropFirst(prefix.utf8.count).first == "2") }
        }
    }

    @Test func `the access log is opened anew`() throws {
        let file = try File()
        let bench = try Bench(log: #"{ "access": "\#(file.path)", "level": "error" }"#)
        let old = file.path + ".1"
        defer { unlink(old) }
        try #require(rename(file.path, old) == 0)
        bench.server.reopenLogs()
        let client = try bench.client()
        client.send("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        #expect(bench.turn { file.text.contains("\"status\":403") })
        var status = stat()
        #expect(stat(old, &status) == 0 && status.st_size == 0)
    }

    @Test func `what a client wrote cannot leave its place in a line`() throws {
        let file = try File()
        let bench = try Bench(log: #"{ "access": "\#(file.path)", "level": "error" }"#)
        let client = try bench.client()
        client.send("GET /a\"b HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: i\"d\\\",\"status\":999\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        #expect(bench.turn { !file.text.isEmpty })
        let line = try JSON.parse(Array(file.text.utf8))
        #expect(line["path"]?.string == "/a\"b" && line["requestId"]?.string == "i\"d\\\",\"status\":999" && line["status"]?.int == 200)
    }

    @Test func `as text, its parts stand in their order`() throws {
        let file = try File()
        let bench = try Bench(log: #"{ "access": "\#(file.path)", "format": "text", "level": "error" }"#)
        let client = try bench.client()
        client.send("PUT /a?b HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: id-1\r\nContent-Length: 3\r\n\r\nabc")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("abc") })
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(bench.turn { !file.text.isEmpty })
        let parts = file.text.split(separator: " ")
        #expect(parts.count == 11 && parts[1...7] == ["id-1", "main", "PUT", "/a", "200", "3", "2"], "\(file.text)")
        #expect(parts.first?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil && parts[8].wholeMatch(of: /\d+us/) != nil)
        // The connection had to be made first.
        #expect(parts[9].wholeMatch(of: /upstream=\d+us/) != nil && parts[10].wholeMatch(of: /queue=\d+us\n/) != nil)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_795_320_307_045, "2026-11-22T04:05:07.045Z"),
    ]) func `a time is in UTC, to the millisecond`(_ milliseconds: Int, _ text: String) {
        #expect(Timestamp.text(.milliseconds(milliseconds)) == text)
        // One that has written another time before.
        var timestamp = Timestamp()
        let bytes = [UInt8](capacity: 2 * Timestamp.count) { output in
            timestamp.write(.milliseconds(milliseconds + 1_000), into: &output)
            timestamp.write(.milliseconds(milliseconds), into: &output)
        }
        #expect(String(decoding: bytes.suffix(Timestamp.count), as: UTF8.self) == text)
    }

    @Test func `a request that its client gave up, or that broke off, has its line, too`() throws {
        let file = try File()
        let bench = try Bench(log: #"{ "access": "\#(file.path)", "level": "error" }"#)
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("abc") })
        client.reset()
        #expect(bench.turn { file.text.contains("\"error\":\"client_closed\"") })
        let other = try bench.client()
        other.send("GET /b HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let second = try bench.upstream()
        #expect(bench.turn { second.text.hasSuffix("\r\n\r\n") })
        second.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        #expect(bench.turn { other.text.hasPrefix("HTTP/1.1 200") })
        second.close()
        #expect(bench.turn { file.text.contains("\"error\":\"broken_off\"") })
    }

    /// A file of its own, which goes with the test.
    private final class File {
        let path: String

        init() throws {
            var template = Array("/tmp/bearerproxy-log-XXXXXX".utf8CString)
            let descriptor = mkstemp(&template)
            try #require(descriptor >= 0)
            close(descriptor)
            path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }

        deinit { unlink(path) }

        var text: String {
            let descriptor = open(path, O_RDONLY)
            defer { close(descriptor) }
            var bytes = [UInt8](repeating: 0, count: 65_536)
            let count = read(descriptor, &bytes, bytes.count)
            return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        }
    }
}
