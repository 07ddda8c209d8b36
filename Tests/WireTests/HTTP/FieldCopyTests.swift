import Testing
import Wire

/// Field lines of a request, what a filter removes, and what stays.
struct CopyVector: Sendable, CustomStringConvertible {
    let description: String
    let lines: [String]
    let filtered: [String]
    let kept: [String]

    init(_ name: String, _ lines: [String], removing filtered: [String] = [], keeps kept: [String]) {
        description = name
        self.lines = lines
        self.filtered = filtered
        self.kept = kept
    }
}

private let copyVectors: [CopyVector] = [
    CopyVector("all stay, byte for byte", ["A: 1", "b:2", "C: \t3 \t", "A:"], keeps: ["Host: a", "A: 1", "b:2", "C: \t3 \t", "A:"]),
    CopyVector("the filter takes Host", ["A: 1"], removing: ["host"], keeps: ["A: 1"]),
    CopyVector(
        "hop-by-hop fields",
        [
            "A: 1", "Connection: close", "Keep-Alive: timeout=5", "Proxy-Connection: close", "TE: trailers", "B: 2",
            "Trailer: X", "Transfer-Encoding: chunked", "Upgrade: websocket", "Proxy-Authorization: Basic x",
            "Proxy-Authenticate: Basic", "HTTP2-Settings: x", "C: 3",
        ], keeps: ["Host: a", "A: 1", "B: 2", "C: 3"]),
    CopyVector("hop-by-hop fields in any case", ["KEEP-ALIVE: 1", "te: x", "uPGRADE: y"], keeps: ["Host: a"]),
    CopyVector("Content-Length", ["Content-Length: 5", "A: 1"], keeps: ["Host: a", "A: 1"]),
    CopyVector(
        "framing spelled with _", ["Content_Length: 5", "Transfer_Encoding: chunked", "content_LENGTH: 6", "A: 1"],
        keeps: ["Host: a", "A: 1"]),
    CopyVector("hop-by-hop fields spelled with _", ["Keep_Alive: 1", "Proxy_Authorization: x", "Proxy-Connection_: kept"], keeps: ["Host: a", "Proxy-Connection_: kept"]),
    CopyVector("another known field spelled with _ stays", ["Content_Type: x"], keeps: ["Host: a", "Content_Type: x"]),
    CopyVector(
        "a known name of the filter, in every spelling",
        ["Authorization: 1", "AUTHORIZATION: 2", "authorization: 3", "Authorizatio: 4", "Authorizations: 5"],
        removing: ["authorization"], keeps: ["Host: a", "Authorizatio: 4", "Authorizations: 5"]),
    CopyVector(
        "a known name with a hyphen", ["Set-Cookie: 1", "Set_Cookie: 2", "set_cookie: 3", "Set.Cookie: 4"],
        removing: ["Set-Cookie"], keeps: ["Host: a", "Set.Cookie: 4"]),
    CopyVector(
        "a name of one's own, in every spelling",
        ["X-Api-Key: 1", "x_api_key: 2", "X_API-KEY: 3", "X-Api-Ke: 4", "X-Api-Keys: 5", "XxApi-Key: 6"],
        removing: ["X-Api_Key"], keeps: ["Host: a", "X-Api-Ke: 4", "X-Api-Keys: 5", "XxApi-Key: 6"]),
    CopyVector("customerId", ["customerid: 1", "CustomerId: 2", "customer-id: 3"], removing: ["customerId"], keeps: ["Host: a", "customer-id: 3"]),
    CopyVector(
        "several names of one's own", ["One: 1", "Two: 2", "Six: 6", "Three: 3"], removing: ["three", "two", "one"],
        keeps: ["Host: a", "Six: 6"]),
    CopyVector(
        "a name longer than 63 bytes", [String(repeating: "n", count: 70) + ": 1", String(repeating: "n", count: 71) + ": 2"],
        removing: [String(repeating: "N", count: 70)], keeps: ["Host: a", String(repeating: "n", count: 71) + ": 2"]),
    CopyVector(
        "fields that Connection names", ["Connection: x-one, Cookie ,, X-Two", "X-One: 1", "Cookie: c", "x-two: 2", "X-Three: 3"],
        keeps: ["Host: a", "X-Three: 3"]),
    CopyVector(
        "fields that a later Connection names", ["X-One: 1", "Connection: close", "X-Two: 2", "Connection: X-One"],
        keeps: ["Host: a", "X-Two: 2"]),
    CopyVector("Connection and _", ["Connection: X_One, X-Two", "X-One: 1", "X_Two: 2", "X.Two: 3"], keeps: ["Host: a", "X.Two: 3"]),
    CopyVector("Connection cannot name Host away", ["Connection: Host, A", "A: 1", "B: 2"], keeps: ["Host: a", "B: 2"]),
    CopyVector("Connection that names framing", ["Connection: Content-Length, Transfer-Encoding", "Content-Length: 1", "A: 1"], keeps: ["Host: a", "A: 1"]),
    CopyVector("Connection that names itself", ["Connection: connection, close", "A: 1"], keeps: ["Host: a", "A: 1"]),
    CopyVector("a member that is no token names nothing", ["Connection: \"A\", A B", "A: 1", "B: 2"], keeps: ["Host: a", "A: 1", "B: 2"]),
    CopyVector("close is no field", ["Connection: close", "Close: 1"], keeps: ["Host: a", "Close: 1"]),
    CopyVector("the last line", ["A: 1", "Via: x"], removing: ["via"], keeps: ["Host: a", "A: 1"]),
    CopyVector("every line", ["Via: x", "TE: y"], removing: ["via", "host"], keeps: []),
    CopyVector("every other line", ["Via: 1", "A: 1", "Via: 2", "B: 2", "Via: 3"], removing: ["VIA"], keeps: ["Host: a", "A: 1", "B: 2"]),
]

@Suite struct FieldCopyTests {
    @Test(arguments: copyVectors)
    func `what stays is copied byte for byte and in order`(_ vector: CopyVector) throws {
        let bytes = latin1("GET / HTTP/1.1\r\n" + (["Host: a"] + vector.lines).map { $0 + "\r\n" }.joined() + "\r\nnext")
        var head = RequestHead()
        let end = try head.parse(bytes.span)
        #expect(end == bytes.count - 4)
        let filter = FieldFilter(removing: vector.filtered)
        let expected = vector.kept.map { $0 + "\r\n" }.joined()
        let copied = [UInt8](capacity: expected.utf8.count) { output in
            let isWhole = head.writeFields(from: bytes.span, except: filter, into: &output)
            #expect(isWhole)
        }
        #expect(latin1(copied) == expected)
        guard !expected.isEmpty else { return }
        _ = [UInt8](capacity: expected.utf8.count - 1) { output in
            let isWhole = head.writeFields(from: bytes.span, except: filter, into: &output)
            #expect(!isWhole)
        }
    }

    @Test func `the fields of a response are copied in the same way`() throws {
        let bytes = latin1(
            "HTTP/1.1 200 OK\r\nDate: now\r\nConnection: x-hop\r\nX-Hop: 1\r\nSet-Cookie: a\r\nset-cookie: b\r\n"
                + "Content-Length: 5\r\nServer: s\r\n\r\nhello")
        var head = ResponseHead()
        _ = try head.parse(bytes.span)
        let copied = [UInt8](capacity: 1024) { output in
            let isWhole = head.writeFields(from: bytes.span, except: FieldFilter(removing: ["server"]), into: &output)
            #expect(isWhole)
        }
        #expect(latin1(copied) == "Date: now\r\nSet-Cookie: a\r\nset-cookie: b\r\n")
    }

    @Test func `what is copied is written behind what the output holds`() throws {
        let bytes = latin1("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\n\r\n")
        var head = RequestHead()
        _ = try head.parse(bytes.span)
        let copied = [UInt8](capacity: 64) { output in
            for byte in latin1("X: y\r\n") { output.append(byte) }
            let isWhole = head.writeFields(from: bytes.span, except: FieldFilter(removing: []), into: &output)
            #expect(isWhole)
            output.append(33)
        }
        #expect(latin1(copied) == "X: y\r\nHost: a\r\nA: 1\r\n!")
    }
}
