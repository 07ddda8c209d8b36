import Glibc
import Wire

/// One message of the tables in `Tests/Messages`, and what has to come of it. The tests of the running proxy read the
/// same tables; how they are written is told in the README there.
struct MessageCase: Sendable, CustomStringConvertible {
    let table: String
    let isResponse: Bool
    let name: String
    let bytes: [UInt8]
    /// How many of `bytes` are the message; what is behind them belongs to another.
    let messageCount: Int
    /// The method that a response answers.
    let answering: String
    /// For a published attack: who found it, by the name it has in `sources.json`.
    let source: String?
    let expected: Expectation

    var description: String { "\(table): \(name)" }

    enum Expectation: Sendable, Equatable {
        /// Nothing is wrong yet, and the head is not whole.
        case incomplete
        /// The head is whole, and its content is not.
        case unfinished(MessageFacts)
        case accepted(MessageFacts, count: Int)
        case refused(status: Int, because: String)
    }

    static let requests = read("requests", isResponse: false)
    static let responses = read("responses", isResponse: true)
    static let sources = Set(parse("sources.json").object?.map(\.key) ?? [])

    private init(table: String, isResponse: Bool, frame: String?, _ json: JSON) {
        self.table = table
        self.isResponse = isResponse
        let standard = isResponse ? MessageFacts.response : .request
        name = json["name"]?.string ?? "(without a name)"
        var text = json["message"]?.repeated ?? ""
        if let put = json["put"]?.repeated, let frame, let hole = frame.firstRange(of: "{}") {
            text = frame.replacing("{}", with: put, subrange: hole.lowerBound..<frame.endIndex, maxReplacements: 1)
        }
        bytes = latin1(text)
        messageCount = bytes.count - (json["excess"]?.repeated.unicodeScalars.count ?? 0)
        answering = json["answering"]?.string ?? "GET"
        source = json["source"]?.string
        if let facts = json["accepted"] {
            expected = .accepted(MessageFacts(facts, standard: standard), count: messageCount)
        } else if let facts = json["unfinished"] {
            expected = .unfinished(MessageFacts(facts, standard: standard))
        } else if let status = json["refused"]?.int {
            expected = .refused(status: status, because: json["because"]?.string ?? "")
        } else {
            expected = .incomplete
        }
    }

    /// The cases of every table in a folder, in the order of the files' names.
    private static func read(_ folder: String, isResponse: Bool) -> [MessageCase] {
        files(in: folder).flatMap { file in
            let table = parse("\(folder)/\(file)")
            return table["cases"]?.array?.map {
                MessageCase(table: String(file.dropLast(5)), isResponse: isResponse, frame: table["message"]?.string, $0)
            } ?? []
        }
    }

    private static var folder: String {
        #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/Messages"
    }

    private static func files(in name: String) -> [String] {
        guard let stream = opendir("\(folder)/\(name)") else { preconditionFailure("\(folder)/\(name) cannot be read") }
        defer { closedir(stream) }
        var found: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name.hasSuffix(".json") { found.append(name) }
        }
        return found.sorted()
    }

    private static func parse(_ name: String) -> JSON {
        guard let file = fopen("\(folder)/\(name)", "r") else { preconditionFailure("\(folder)/\(name) cannot be opened") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&piece, 1, piece.count, file), count > 0 { bytes += piece[..<count] }
        do throws(JSONError) {
            return try JSON.parse(bytes)
        } catch {
            preconditionFailure("\(name) at byte \(error.offset): \(error.message)")
        }
    }
}

extension JSON {
    /// A string; or an array of strings and of `[string, times]`, one after the other.
    fileprivate var repeated: String {
        string ?? (array ?? []).reduce(into: "") { text, part in
            text += String(repeating: part.string ?? part.array?.first?.string ?? "", count: part.array?.last?.int ?? 1)
        }
    }
}
