import Glibc

/// What libFuzzer calls for each input. The target is named by `FUZZ_TARGET` in the environment; where `FUZZ_VERDICTS` names a file, each
/// input and what was read of it are added to that, for the second opinion.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    do throws(Disagreement) {
        if let verdict = try Entry.target.check(bytes) { Entry.write("\(hexadecimal(bytes)) \(verdict)\n") }
    } catch {
        fatalError("\(Entry.target.rawValue): \(error)")
    }
    return 0
}

private enum Entry {
    static let target: FuzzTarget = {
        let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
        guard let target = FuzzTarget(rawValue: name) else {
            fatalError("FUZZ_TARGET is \"\(name)\"; it is one of \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return target
    }()

    private static let verdicts: Int32? = getenv("FUZZ_VERDICTS").map { name in
        let descriptor = open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        precondition(descriptor >= 0, "what FUZZ_VERDICTS names cannot be opened")
        return descriptor
    }

    static func write(_ line: String) {
        guard let verdicts else { return }
        var line = line
        let count = line.withUTF8 { Glibc.write(verdicts, $0.baseAddress, $0.count) }
        precondition(count == line.utf8.count, "a verdict could not be written")
    }
}

/// Two digits a byte; `-` for none, so that the words of a line can be told apart.
func hexadecimal(_ bytes: some Collection<UInt8>) -> String {
    if bytes.isEmpty { return "-" }
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(2 * bytes.count)
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
