import Proxy

/// `Configuration.load`: whatever the file, it is taken or each mistake is told where it stands, in text that a terminal can show.
enum ConfigurationCheck {
    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        let lineCount = bytes.count { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } + 1
        let findings: [Finding]
        do throws(ConfigurationError) {
            findings = try Configuration.load(bytes, file: "proxy.json").warnings
        } catch {
            findings = error.findings
            try Disagreement.unless(!findings.isEmpty, "a configuration is refused, and nothing says why")
        }
        for finding in findings {
            let isPlace = (1...lineCount).contains(finding.place.line) && finding.place.column > 0 && finding.place.column <= bytes.count + 1
            try Disagreement.unless(isPlace, "line \(finding.place.line), column \(finding.place.column) of \(lineCount) lines: \(finding)")
            let isShowable = finding.description.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
            try Disagreement.unless(isShowable, "a finding with control characters: \(finding.description.debugDescription)")
        }
        var again: [Finding] = []
        do throws(ConfigurationError) { again = try Configuration.load(bytes, file: "proxy.json").warnings } catch { again = error.findings }
        try Disagreement.unless(again, is: findings, "a configuration that is read twice")
    }
}
