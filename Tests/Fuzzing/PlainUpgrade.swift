import TLS
import Wire

/// An offer of other protocols, read member by member.
struct PlainUpgrade {
    let members: [[UInt8]]
    /// Of a WebSocket handshake.
    let key: [UInt8]?

    var value: [UInt8] { Array(members.joined(separator: ", ".utf8)) }

    /// Nil where nothing is offered that may be tunnelled.
    init?(_ request: PlainRequest) {
        let offered = Self.members(request.fields, "upgrade")
        guard request.minorVersion == 1, Self.members(request.fields, "connection").contains(where: { $0.lowercased.isText("upgrade") }) else {
            return nil
        }
        guard offered.count <= Limits.upgradeProtocolsMax, offered.allSatisfy(Self.isProtocol) else { return nil }
        let key = Self.onlyValue(request.fields, "sec-websocket-key")
        let isHandshake = request.method.isText("GET") && key.map(Self.isKey) == true
        members = offered.filter { member in
            let name = Self.name(member)
            if name.isText("websocket") { return isHandshake }
            return !name.starts(with: "h2c-".utf8) && !name.starts(with: "h2-".utf8) && !["h2c", "h2", "http", "tls"].contains(where: name.isText)
        }
        self.key = isHandshake ? key : nil
        if members.isEmpty { return nil }
    }

    func verdict(on response: PlainResponse, _ bytes: [UInt8]) -> UpgradeOffer.Verdict {
        let isNamed = response.minorVersion == 1 && Self.members(response.fields, "connection").contains { $0.lowercased.isText("upgrade") }
        let lines = response.fields.filter { $0.name.lowercased.isText("upgrade") }
        guard isNamed, lines.count == 1, let value = lines.first?.value, members.contains(where: { $0.lowercased == value.lowercased }) else {
            return .notOffered
        }
        if Self.name(value).isText("websocket") {
            let text = key.map { $0 + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8) }
            guard let text, let accept = Self.onlyValue(response.fields, "sec-websocket-accept"), accept.isText(Base64.encode(Digest.sha1(text))) else {
                return .notProven
            }
        }
        return .accepted(Self.place(of: value, in: bytes))
    }

    /// Behind the colon of the line.
    private static func place(of value: [UInt8], in bytes: [UInt8]) -> Range<Int> {
        let line = bytes.lowercased.offset(of: "\r\nupgrade:")! + 10
        let start = line + bytes[line...].prefix { $0 == 0x20 || $0 == 0x09 }.count
        return start..<start + value.count
    }

    /// Of all lines of that name; empty ones are none.
    private static func members(_ fields: [PlainFields.Line], _ name: String) -> [[UInt8]] {
        fields.filter { $0.name.lowercased.isText(name) }.flatMap { $0.value.pieces(separatedBy: ",") }.map(\.trimmed).filter { !$0.isEmpty }
    }

    private static func isProtocol(_ member: [UInt8]) -> Bool {
        let parts = member.pieces(separatedBy: "/")
        return parts.count <= 2 && parts.allSatisfy(\.isToken)
    }

    private static func name(_ member: [UInt8]) -> [UInt8] { member.pieces(separatedBy: "/")[0].lowercased }

    /// The value of the only line of that name, where no other looks like it to servers that read `_` as `-`.
    private static func onlyValue(_ fields: [PlainFields.Line], _ name: String) -> [UInt8]? {
        let lines = fields.filter { $0.name.lowercased.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 }.isText(name) }
        return lines.count == 1 && lines[0].name.lowercased.isText(name) ? lines[0].value : nil
    }

    /// 22 digits of base 64 and two of filling; of the last digit, two bits belong to 16 bytes.
    private static func isKey(_ value: [UInt8]) -> Bool {
        guard value.count == 24, value[22...].isText("==") else { return false }
        let isDigit = { (byte: UInt8) in byte.isAlphanumeric || "+/".utf8.contains(byte) }
        return value[..<22].allSatisfy(isDigit) && "AQgw".utf8.contains(value[21])
    }
}
