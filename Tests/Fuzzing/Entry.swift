import Glibc

/// What libFuzzer calls for each input. The target is named by `FUZZ_TARGET` in the environment; where `FUZZ_VERDICTS` names a file, each
/// input and what was read of it are added to that, for the second opinion.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    do throws(Disagreement) {
        if let verdict = try Entry.target.check(bytes), Entry.isToldOf { Entry.verdicts.add(bytes, verdict) }
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

    static let isToldOf = getenv("FUZZ_VERDICTS") != nil
    // libFuzzer runs on one thread.
    nonisolated(unsafe) static let verdicts = Verdicts(String(cString: getenv("FUZZ_VERDICTS")))
}
