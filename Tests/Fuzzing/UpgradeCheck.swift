import TLS
import Wire

/// `UpgradeOffer`: the protocols that a request offers and that are kept, and what a 101 has to say to them (RFC 9110 section 7.8, RFC 6455
/// section 4), as one reads them member by member.
///
/// The input is the head of a request, and the head of its answer. The second opinion is on Sec-WebSocket-Accept.
enum UpgradeCheck {
    static func run(_ bytes: [UInt8]) throws(Disagreement) -> String? {
        var head = RequestHead()
        guard let request = PlainRequest(bytes), let count = try? head.parse(bytes.span) else { return nil }
        let offer = UpgradeOffer(head, in: bytes.span)
        let plain = PlainUpgrade(request)
        try Disagreement.unless(offer?.value, is: plain?.value, "what is offered")
        guard let offer, let plain else { return nil }
        let answer = Array(bytes[count...])
        var answered = ResponseHead()
        if let response = PlainResponse(answer), (try? answered.parse(answer.span)) != nil {
            let verdict = offer.verdict(on: answered, in: answer.span, sha1: Digest.sha1)
            try Disagreement.unless(verdict, is: plain.verdict(on: response, answer), "what is said to the offer")
        }
        guard let key = plain.key else { return nil }
        return "key \(hexadecimal(key)) \(hexadecimal(WebSocketHandshake.accept(key: key, sha1: Digest.sha1)))"
    }
}
