/// The protocols that a request offers to go on with behind a 101 (RFC 9110 section 7.8), as far as they may be tunnelled.
///
///     Upgrade: h2c, websocket, IRC/6.9          kept: websocket, IRC/6.9
///
/// Left out are `h2c` and `h2` with their drafts, and every protocol called HTTP or TLS: behind them would come requests that
/// nobody holds to the rules, nor keeps the client's own credentials out of (RFC 9113 section 3.1, RFC 2817). `websocket`
/// is left out where the request is no handshake of RFC 6455.
public struct UpgradeOffer: Sendable {
    /// What an upstream's 101 says to an offer.
    public enum Verdict: Equatable, Sendable {
        /// It goes on with the protocol that stands at this place of its head.
        case accepted(Range<Int>)
        /// It does not name exactly one of the protocols that were offered.
        case notOffered
        /// For `websocket`: it does not prove that it has read this handshake (RFC 6455 section 4.1).
        case notProven
    }

    /// The protocols that are kept, as a value for the next hop's Upgrade.
    public let value: [UInt8]
    /// Where each stands in `value`.
    private let protocols: [Range<Int>]
    /// The value of Sec-WebSocket-Key; nil where the request is no WebSocket handshake.
    private let key: [UInt8]?

    /// Reads the Upgrade fields of a head that was parsed from `bytes`. Nil when the request is not HTTP/1.1, when
    /// Connection does not name Upgrade, when a member is malformed or there are more than
    /// `Limits.upgradeProtocolsMax`, and when nothing is kept: the request then goes on as if it offered nothing.
    public init?(_ head: borrowing RequestHead, in bytes: Span<UInt8>) {
        guard head.hasUpgrade else { return nil }
        let key = head.method == .get ? Self.key(head.fields, bytes) : nil
        var value: [UInt8] = []
        var protocols: [Range<Int>] = []
        var memberCount = 0
        for index in 0..<head.fieldCount where head.field(at: index).name == .upgrade && !head.field(at: index).isVariant {
            var rest = head.field(at: index).valueRange
            while let member = bytes.takeMember(of: &rest) {
                memberCount += 1
                guard memberCount <= Limits.upgradeProtocolsMax, let name = bytes.protocolName(member) else { return nil }
                guard bytes.mayBeTunnelled(name), key != nil || !bytes.foldedEqual(name, "websocket") else { continue }
                if !value.isEmpty { value += [UInt8(ascii: ","), .space] }
                protocols.append(value.count..<value.count + member.count)
                value += bytes.copy(member)
            }
        }
        guard !protocols.isEmpty else { return nil }
        self.value = value
        self.protocols = protocols
        self.key = key
    }

    /// Judges a 101, which was parsed from `bytes`.
    ///
    /// - Parameter sha1: the SHA-1 of bytes, which this target does not compute.
    public func verdict(
        on head: borrowing ResponseHead, in bytes: Span<UInt8>, sha1: ([UInt8]) -> [UInt8]
    ) -> Verdict {
        guard head.hasUpgrade, head.count(of: .upgrade) == 1, let line = head.first(.upgrade) else { return .notOffered }
        let named = line.valueRange
        guard protocols.contains(where: { isEqual($0, bytes, named) }), let name = bytes.protocolName(named) else { return .notOffered }
        guard bytes.foldedEqual(name, "websocket") else { return .accepted(named) }
        guard let key, let accept = Self.onlyValue(head.fields, "sec-websocket-accept", bytes),
            bytes.copy(accept) == WebSocketHandshake.accept(key: key, sha1: sha1)
        else { return .notProven }
        return .accepted(named)
    }

    /// Whether an answer names a protocol that was offered. Names know no case (RFC 9110 section 7.8).
    private func isEqual(_ offered: Range<Int>, _ bytes: Span<UInt8>, _ named: Range<Int>) -> Bool {
        guard offered.count == named.count else { return false }
        for index in 0..<named.count
        where bytes[named.lowerBound + index].lowercased != value[offered.lowerBound + index].lowercased {
            return false
        }
        return true
    }

    /// The key of a WebSocket handshake (RFC 6455 section 4.2.1); nil for what is none.
    private static func key(_ fields: borrowing FieldSection, _ bytes: Span<UInt8>) -> [UInt8]? {
        guard let range = onlyValue(fields, "sec-websocket-key", bytes) else { return nil }
        let key = bytes.copy(range)
        return WebSocketHandshake.isKey(key) ? key : nil
    }

    /// The value of the one line of that name, which has to be spelled with `-`; nil when there is another line of it.
    private static func onlyValue(
        _ fields: borrowing FieldSection, _ name: StaticString, _ bytes: Span<UInt8>
    ) -> Range<Int>? {
        var found: FieldLine?
        for index in 0..<fields.lines.count where bytes.isName(fields.lines[index].nameRange, name) {
            guard found == nil else { return nil }
            found = fields.lines[index]
        }
        guard let found, bytes.foldedEqual(found.nameRange, name) else { return nil }
        return found.valueRange
    }
}

extension Span where Element == UInt8 {
    /// The next member of a comma-separated list, without the white space around it, and what is left of the list. Empty
    /// members are none (RFC 9110 section 5.6.1).
    fileprivate func takeMember(of list: inout Range<Int>) -> Range<Int>? {
        while !list.isEmpty {
            let end = endOfMember(from: list.lowerBound, before: list.upperBound)
            let member = trimmed(list.lowerBound..<end)
            list = min(end + 1, list.upperBound)..<list.upperBound
            if !member.isEmpty { return member }
        }
        return nil
    }

    /// protocol = protocol-name [ "/" protocol-version ], both tokens; nil for what is none.
    fileprivate func protocolName(_ member: Range<Int>) -> Range<Int>? {
        var slash = member.lowerBound
        while slash < member.upperBound, self[slash] != UInt8(ascii: "/") { slash += 1 }
        let name = member.lowerBound..<slash
        guard isToken(name), slash == member.upperBound || isToken(slash + 1..<member.upperBound) else { return nil }
        return name
    }

    fileprivate func mayBeTunnelled(_ name: Range<Int>) -> Bool {
        let isDraft = begins("h2c-", in: name) || begins("h2-", in: name)
        let isHTTP = foldedEqual(name, "h2c") || foldedEqual(name, "h2") || foldedEqual(name, "http")
        return !isDraft && !isHTTP && !foldedEqual(name, "tls")
    }

    /// Whether `range` holds a field name in any spelling.
    fileprivate func isName(_ range: Range<Int>, _ name: StaticString) -> Bool {
        guard range.count == name.utf8CodeUnitCount else { return false }
        for index in 0..<range.count {
            let expected = unsafe name.utf8Start[index]
            guard self[range.lowerBound + index].folded == expected else { return false }
        }
        return true
    }

    fileprivate func copy(_ range: Range<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        for offset in range { bytes.append(self[offset]) }
        return bytes
    }
}
