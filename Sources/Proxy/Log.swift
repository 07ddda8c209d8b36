public import EventLoop
internal import Glibc
internal import Wire

/// Where the proxy says what it does: events to standard error, and a line for each request to where `log.access` says.
///
/// Lines are collected, and written at the end of a turn of the loop. No line holds a token or a secret: of a request
/// it has the method, the path without its query, and the sizes and times.
public final class Log {
    /// Bytes of access lines that may wait to be written. Beyond it, lines are dropped, and how many is said.
    private static let pendingBytesMax = 1 << 20

    private let settings: LogSettings
    private let kernel: any Kernel
    private let accessDescriptor: Int32?
    private let eventDescriptor: Int32
    private var pending: [UInt8] = []
    private var droppedCount = 0

    /// A log whose lines have the kernel's time.
    ///
    /// - Throws: when the access log's file cannot be opened.
    public convenience init(_ settings: LogSettings, kernel: any Kernel) throws(SystemError) {
        try self.init(settings, kernel: kernel, eventDescriptor: STDERR_FILENO)
    }

    /// A log whose events go elsewhere; the descriptor stays the caller's.
    init(_ settings: LogSettings, kernel: any Kernel, eventDescriptor: Int32) throws(SystemError) {
        self.settings = settings
        self.kernel = kernel
        self.eventDescriptor = eventDescriptor
        switch settings.access {
        case .off: accessDescriptor = nil
        case .stdout: accessDescriptor = STDOUT_FILENO
        case .stderr: accessDescriptor = STDERR_FILENO
        case .file(let path):
            let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
            guard descriptor >= 0 else { throw SystemError(call: "open", errno: errno, subject: path) }
            accessDescriptor = descriptor
        }
    }

    deinit {
        flush()
        if case .file = settings.access, let accessDescriptor { close(accessDescriptor) }
    }

    var isAccessLogged: Bool { accessDescriptor != nil }

    /// Says what happened, if it is at least as grave as `log.level`.
    public func event(_ level: LogSettings.Level, _ message: @autoclosure () -> String) {
        guard Self.rank(level) >= Self.rank(settings.level) else { return }
        let time = Timestamp.text(kernel.wallNow())
        let line: String
        switch settings.format {
        case .json: line = "{\"time\":\"\(time)\",\"level\":\"\(level.rawValue)\",\"message\":\(JSONWriter.quoted(message()))}\n"
        case .text: line = "\(time) \(level.rawValue): \(message())\n"
        }
        Self.write(Array(line.utf8)[...], to: eventDescriptor)
    }

    private static func rank(_ level: LogSettings.Level) -> Int {
        switch level {
        case .debug: 0
        case .info: 1
        case .warning: 2
        case .error: 3
        }
    }

    /// Writes what is pending. A pipe whose reader has stopped takes nothing: the lines stay until they are too many.
    func flush() {
        guard let accessDescriptor, !pending.isEmpty else { return }
        let written = Self.write(pending[...], to: accessDescriptor)
        pending.removeFirst(written)
        guard droppedCount > 0, pending.isEmpty else { return }
        event(.warning, "\(droppedCount) access lines were dropped: their reader was too slow")
        droppedCount = 0
    }

    private func append(_ line: String) {
        if pending.count + line.utf8.count > Self.pendingBytesMax {
            droppedCount += 1
        } else {
            pending.append(contentsOf: line.utf8)
        }
    }

    /// Never waits for a reader. The bytes that were written.
    @discardableResult
    private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int {
        bytes.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                guard poll(&poller, 1, 0) == 1, poller.revents & Int16(POLLOUT) != 0 else { break }
                // A pipe that is ready takes this much without waiting.
                let count = Glibc.write(descriptor, bytes.baseAddress! + written, min(bytes.count - written, Int(PIPE_BUF)))
                guard count > 0 else { break }
                written += count
            }
            return written
        }
    }
}

// MARK: requests

extension Log {
    /// One line for a request that has ended. `head` is its parsed head; empty where it was none. `client` is who the client's
    /// certificate says that it is.
    func access(
        _ exchange: borrowing Exchange, head: borrowing RequestHead, user: UInt32?, client: String?, route: String?, code: String?,
        duration: Interval
    ) {
        let bytes = exchange.copy.head
        let method = bytes.isEmpty ? "-" : String(decoding: bytes[head.methodRange], as: UTF8.self)
        let path = bytes.isEmpty ? "-" : String(decoding: bytes[head.target.path], as: UTF8.self)
        let microseconds = duration.nanoseconds / 1000
        let isReplayed = exchange.isReplayed
        let requestID = exchange.requestID.text(head: bytes)
        let time = Timestamp.text(kernel.wallNow())
        switch settings.format {
        case .json:
            var line = "{\"time\":\"\(time)\",\"requestId\":\(JSONWriter.quoted(requestID))"
            line += ",\"route\":\(route.map { JSONWriter.quoted($0) } ?? "null")"
            line += ",\"method\":\(JSONWriter.quoted(method)),\"path\":\(JSONWriter.quoted(path))"
            line += ",\"status\":\(exchange.status),\"received\":\(exchange.receivedCount),\"sent\":\(exchange.sentCount)"
            line += ",\"microseconds\":\(microseconds),\"replayed\":\(isReplayed)"
            if let user { line += ",\"uid\":\(user)" }
            if let client { line += ",\"client\":\(JSONWriter.quoted(client))" }
            if let code { line += ",\"error\":\(JSONWriter.quoted(code))" }
            append(line + "}\n")
        case .text:
            append(
                "\(time) \(requestID) \(route ?? "-") \(method) \(path) \(exchange.status) "
                    + "\(exchange.receivedCount) \(exchange.sentCount) \(microseconds)us\(isReplayed ? " replayed" : "")\(user.map { " uid=\($0)" } ?? "")"
                    + "\(client.map { " client=\(JSONWriter.quoted($0))" } ?? "")\(code.map { " \($0)" } ?? "")\n")
        }
    }
}
