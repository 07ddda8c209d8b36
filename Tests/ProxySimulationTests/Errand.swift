/// One request of a customer, and what may be answered to it.
struct Errand {
    enum Purpose {
        /// So many bytes of the sandbox's pattern are asked for.
        case download(Int)
        /// So many bytes are sent, and counted by the sandbox.
        case upload(Int)
        /// Something that must not happen twice.
        case order(Int)
        /// Whatever a `WildServer` makes of it.
        case wild
    }

    let purpose: Purpose
    let isHead: Bool
    let requestID: String
    let bytes: [UInt8]
    /// Content longer than this is not kept by the proxy for a second attempt.
    let isReplayable: Bool
    /// More of it, if it goes to a `BroadServer`.
    var broad: BroadErrand?

    /// Whether the method is one that may be sent again unasked.
    var isSafe: Bool { bytes.starts(with: Array("GET ".utf8)) || bytes.starts(with: Array("HEAD ".utf8)) }

    /// What is wrong with an answer; nil if nothing is. `executions`: how often the order was carried out.
    func fault(in answer: HTTPAnswer, executions: Int, _ world: World) -> String? {
        guard answer.field("x-request-id") == requestID else {
            return "the answer to \(requestID) is one to \(answer.field("x-request-id") ?? "nobody")"
        }
        if let broad { return fault(in: answer, from: world.server(of: broad.site), executions: executions, contentMax: world.broadContentMax) }
        switch answer.status {
        case 200: return faultInSuccess(answer, executions)
        case 204 where isWild, 304 where isWild: return answer.content.isEmpty ? nil : "\(answer.status) with content"
        case 401: return executions == 0 ? nil : "an order that was refused was carried out"
        case 408, 502, 503, 504:
            guard answer.code != nil || isHead else { return "\(answer.status) without a reason: \(answer.text)" }
            if answer.field("retry-after") != nil, executions > 0 { return "carried out, and yet: \(answer.text)" }
            return nil
        default: return "\(answer.status): \(answer.text)"
        }
    }

    /// Whether it is what was asked for, where nothing failed.
    func isSatisfied(by answer: HTTPAnswer) -> Bool {
        switch answer.status {
        case 200: true
        case 101, 426: broad?.tunnel != nil
        case 417: broad?.expectsContinue == true
        case 401, 403: !isReplayable
        default: false
        }
    }

    private var isWild: Bool {
        if case .wild = purpose { return true }
        return false
    }

    private func faultInSuccess(_ answer: HTTPAnswer, _ executions: Int) -> String? {
        switch purpose {
        case .download(let count):
            if isHead { return answer.content.isEmpty ? nil : "HEAD was answered with content" }
            guard answer.content.count == count else { return "\(answer.content.count) bytes came of \(count)" }
            return Self.isPattern(answer.content) ? nil : "the content came changed"
        case .upload(let count):
            return answer.text == "{\"length\":\(count)}" ? nil : "\(count) bytes were sent, and the answer is \(answer.text)"
        case .wild:
            let isWhole = isHead ? answer.content.isEmpty : answer.text == "end" || answer.text.hasPrefix("\(requestID) ") && answer.text.hasSuffix("end")
            return isWhole ? nil : "this is taken for a whole answer: \(answer.text.suffix(50))"
        case .order:
            return executions == 1 ? nil : "the order was carried out \(executions) times, and the answer is 200"
        }
    }

    /// The sandbox's pattern repeats; so a part that is missing or there twice shows.
    static func isPattern(_ content: [UInt8]) -> Bool { content.count <= pattern.count && content == Array(pattern[..<content.count]) }

    static let contentBytesMax = 200 * 1024
    /// The sandbox's: no power of two divides its period.
    static let pattern = (0..<contentBytesMax).map { UInt8($0 % 251) }
}
