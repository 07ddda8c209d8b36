import Glibc

/// A host with or without a port (RFC 3986 section 3.2). Of IPv6 addresses, the C library knows which are any.
struct PlainAuthority: Equatable {
    let host: [UInt8]
    let port: UInt16?

    init?(_ text: some Collection<UInt8>) {
        let text = Array(text)
        var end: Int
        if text.first == UInt8(ascii: "[") {
            guard let bracket = text.firstIndex(of: UInt8(ascii: "]")), Self.isIPv6(text[1..<bracket]) else { return nil }
            end = bracket + 1
        } else {
            end = text.firstIndex(of: UInt8(ascii: ":")) ?? text.count
            guard end > 0, Self.isName(Array(text[..<end])) else { return nil }
        }
        host = Array(text[..<end])
        guard end < text.count else {
            port = nil
            return
        }
        guard text[end] == UInt8(ascii: ":") else { return nil }
        let digits = text[(end + 1)...]
        guard !digits.isEmpty else {
            port = nil
            return
        }
        guard digits.count <= 5, digits.allSatisfy(\.isDigit), let port = UInt16(String(decoding: digits, as: UTF8.self)) else { return nil }
        self.port = port
    }

    private static func isIPv6(_ text: ArraySlice<UInt8>) -> Bool {
        guard !text.contains(0), text.count < 64 else { return false }
        var address = in6_addr()
        return inet_pton(AF_INET6, String(decoding: text, as: UTF8.self), &address) == 1
    }

    private static func isName(_ text: [UInt8]) -> Bool {
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "%") {
                let digits = text[(index + 1)...].prefix(2)
                guard digits.count == 2, digits.allSatisfy({ $0.hexadecimalDigit != nil }) else { return false }
                index += 3
            } else {
                guard text[index].isAlphanumeric || "-._~!$&'()*+,;=".utf8.contains(text[index]) else { return false }
                index += 1
            }
        }
        return true
    }
}
