/// A whole answer, as a client got it.
struct HTTPAnswer: Equatable {
    var status = 0
    /// Names in lower case.
    var fields: [(name: String, value: String)] = []
    var content: [UInt8] = []
    var trailers: [(name: String, value: String)] = []
    /// Interim answers that came before it.
    var interimCount = 0

    var text: String { String(decoding: content, as: UTF8.self) }

    func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// The word for programs of an answer that the proxy made itself; nil for an upstream's.
    var code: String? {
        guard field("proxy-status") != nil, let start = text.firstRange(of: "\"code\":\"")?.upperBound else { return nil }
        return String(text[start...].prefix { $0 != "\"" })
    }

    static func == (left: HTTPAnswer, right: HTTPAnswer) -> Bool {
        left.status == right.status && left.content == right.content && left.interimCount == right.interimCount
            && left.fields.elementsEqual(right.fields) { $0 == $1 } && left.trailers.elementsEqual(right.trailers) { $0 == $1 }
    }
}
