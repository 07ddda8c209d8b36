internal import EventLoop
internal import Wire

/// The field Server-Timing (W3C) of an answer: how long what took until its head, in milliseconds.
struct ServerTiming {
    let durations: Durations

    /// The line has so many bytes at most.
    static let countMax = 192

    func write(into output: inout OutputSpan<UInt8>) {
        output.appendWhole("Server-Timing: proxy;dur=")
        Self.write(durations.overhead, into: &output)
        if durations.upstream > .zero {
            output.appendWhole(", upstream;dur=")
            Self.write(durations.upstream, into: &output)
        }
        if durations.token > .zero {
            output.appendWhole(", token;dur=")
            Self.write(durations.token, into: &output)
        }
        if durations.queue > .zero {
            output.appendWhole(", queue;dur=")
            Self.write(durations.queue, into: &output)
        }
        output.appendWhole("\r\n")
    }

    private static func write(_ span: Interval, into output: inout OutputSpan<UInt8>) {
        let microseconds = Int(span.nanoseconds / 1_000)
        output.appendDecimal(microseconds / 1_000)
        output.appendWhole(".")
        output.appendDecimal(microseconds % 1_000, digitCount: 3)
    }

    /// The line.
    var text: String {
        String(decoding: [UInt8](capacity: Self.countMax) { write(into: &$0) }, as: UTF8.self)
    }
}
