/// Requests and answers as clients and providers send them.
enum Messages {
    /// What a program asks.
    static let request = Array(
        "GET /api/v1/blocks?count=1 HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: python-requests/2.32.3\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n"
            .utf8)

    /// What a browser asks.
    static let browserRequest = Array(
        """
        GET /api/v1/customers/me?fields=name,email HTTP/1.1\r
        Host: localhost:8080\r
        Connection: keep-alive\r
        sec-ch-ua: "Chromium";v="130", "Google Chrome";v="130", "Not?A_Brand";v="99"\r
        sec-ch-ua-mobile: ?0\r
        sec-ch-ua-platform: "Linux"\r
        User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r
        Accept: application/json, text/plain, */*\r
        Sec-Fetch-Site: same-origin\r
        Sec-Fetch-Mode: cors\r
        Sec-Fetch-Dest: empty\r
        Referer: http://localhost:8080/\r
        Accept-Encoding: gzip, deflate, br, zstd\r
        Accept-Language: en-GB,en;q=0.9,de;q=0.8\r
        Cookie: session=0123456789abcdef; theme=dark\r
        \r

        """.utf8)

    static let answer = message(
        "HTTP/1.1 200 OK",
        [
            "Server: nginx", "Date: Thu, 01 Jan 2026 00:00:00 GMT", "Content-Type: application/json", "Connection: keep-alive",
            "Cache-Control: no-store",
        ],
        content: #"{"hash":"00000000000000000001f2c4b6c3a1d5e7f90123456789abcdef0123456789ab","height":930000,"time":1767225600,"transactions":2715,"size":1499731}"#)

    /// An order of 1 KiB.
    static let order = message(
        "POST /api/v1/orders HTTP/1.1",
        ["Host: localhost:8080", "User-Agent: python-requests/2.32.3", "Accept: */*", "Content-Type: application/json"],
        content: #"{"note":"\#(String(repeating: "x", count: 1013))"}"#)

    static func message(_ firstLine: String, _ fields: [String], content: String) -> [UInt8] {
        Array((([firstLine] + fields + ["Content-Length: \(content.utf8.count)"]).joined(separator: "\r\n") + "\r\n\r\n" + content).utf8)
    }
}
