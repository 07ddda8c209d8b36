/// Metrics in the text format of Prometheus, version 0.0.4.
///
/// A family begins with `begin`; its samples follow. A scrape asks for thousands of lines from a loop that has other things to do: so they
/// are put together of bytes.
struct MetricsText {
    /// What the format calls the type of a metric.
    enum Kind: String {
        case counter, gauge, histogram
    }

    /// Labels as they stand in a sample, without the braces.
    struct Labels {
        let bytes: [UInt8]

        static let none = Labels()

        /// Names are letters, digits and underscores; values are escaped.
        init(_ pairs: (name: String, value: String)...) {
            var bytes: [UInt8] = []
            for (name, value) in pairs {
                if !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
                bytes.append(contentsOf: name.utf8)
                bytes.append(contentsOf: "=\"".utf8)
                for byte in value.utf8 {
                    switch byte {
                    case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
                    case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
                    case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
                    default: bytes.append(byte)
                    }
                }
                bytes.append(UInt8(ascii: "\""))
            }
            self.bytes = bytes
        }
    }

    private(set) var bytes: [UInt8] = []
    private var name: [UInt8] = []

    /// A new family. `help` has neither line breaks nor backslashes.
    mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        self.name = Array(name.utf8)
        bytes.append(contentsOf: "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n".utf8)
    }

    mutating func sample(_ labels: Labels, _ value: UInt64) {
        writeName("", labels.bytes, [])
        writeDecimal(value)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// A number of seconds.
    mutating func sample(_ labels: Labels, nanoseconds: UInt64) {
        writeName("", labels.bytes, [])
        writeSeconds(nanoseconds)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// One of several samples of a family with the same labels but one.
    mutating func sample(_ labels: Labels, _ name: String, _ value: String, _ number: UInt64) {
        writeName("", labels.bytes, Labels((name, value)).bytes)
        writeDecimal(number)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// The samples of a histogram, whose numbers begin at `index`.
    mutating func histogram(_ labels: Labels, _ numbers: [UInt64], at index: Int) {
        var count: UInt64 = 0
        for bucket in 0..<TimeScale.bucketCount {
            count &+= numbers[index + bucket]
            writeName("_bucket", labels.bytes, Self.bounds[bucket])
            writeDecimal(count)
            bytes.append(UInt8(ascii: "\n"))
        }
        writeName("_sum", labels.bytes, [])
        writeSeconds(numbers[index + TimeScale.bucketCount])
        bytes.append(UInt8(ascii: "\n"))
        writeName("_count", labels.bytes, [])
        writeDecimal(count)
        bytes.append(UInt8(ascii: "\n"))
    }

    private static let bounds = TimeScale.bounds.map { Labels(("le", seconds($0))).bytes } + [Labels(("le", "+Inf")).bytes]

    /// `0.0025` for 2500.
    private static func seconds(_ microseconds: Int) -> String {
        let fraction = String(String(1_000_000 + microseconds % 1_000_000).dropFirst())
        let digits = fraction.prefix(fraction.lastIndex { $0 != "0" }.map { fraction.distance(from: fraction.startIndex, to: $0) + 1 } ?? 0)
        return "\(microseconds / 1_000_000)" + (digits.isEmpty ? "" : ".\(digits)")
    }

    private mutating func writeName(_ suffix: StaticString, _ labels: [UInt8], _ label: [UInt8]) {
        bytes.append(contentsOf: name)
        suffix.withUTF8Buffer { bytes.append(contentsOf: $0) }
        if !labels.isEmpty || !label.isEmpty {
            bytes.append(UInt8(ascii: "{"))
            bytes.append(contentsOf: labels)
            if !labels.isEmpty, !label.isEmpty { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: label)
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(UInt8(ascii: " "))
    }

    private mutating func writeDecimal(_ number: UInt64, digitCountMin: Int = 1) {
        var digits: InlineArray<20, UInt8> = .init(repeating: UInt8(ascii: "0"))
        var start = 20
        var rest = number
        while rest > 0 || start > 20 - digitCountMin {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        for index in start..<20 { bytes.append(digits[index]) }
    }

    private mutating func writeSeconds(_ nanoseconds: UInt64) {
        writeDecimal(nanoseconds / 1_000_000_000)
        let fraction = nanoseconds % 1_000_000_000
        guard fraction > 0 else { return }
        bytes.append(UInt8(ascii: "."))
        writeDecimal(fraction, digitCountMin: 9)
    }
}
