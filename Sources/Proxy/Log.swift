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
    /// Between one fault of the access log's file and the next that is told.
    private static let faultPause = Interval.seconds(60)

    private let settings: LogSettings
    private let kernel: any Kernel
    private let accessDescriptor: Int32?
    private let eventDescriptor: Int32
    /// Whether events go to the journal, which takes their gravity from the beginning of the line.
    private let isJournal: Bool
    /// Whether it is a file on a disk, which takes whatever it is given.
    private let isFile: Bool
    @exclusivity(unchecked) private var pending = Buffer()
    @exclusivity(unchecked) private var timestamp = Timestamp()
    /// Where the logs of several loops write to the same places.
    private let shared: SharedOutput?
    private let isOwner: Bool
    private var droppedCount = 0
    /// Why the file has not taken lines that wait for it, as a full disk does not.
    private var fault: Int32?
    private var isFaultTold = false
    /// When one was told last: a disk that is full now and not full then is not told with every line.
    private var faultTime: Instant?

    /// A log whose lines have the kernel's time.
    ///
    /// - Throws: when the access log's file cannot be opened.
    public convenience init(_ settings: LogSettings, kernel: any Kernel, isShared: Bool = false) throws(SystemError) {
        try self.init(settings, kernel: kernel, eventDescriptor: STDERR_FILENO, isShared: isShared)
    }

    /// A log of another loop to the places of a shared one, which has to outlive it.
    public init(besides first: Log, kernel: any Kernel) {
        settings = first.settings
        self.kernel = kernel
        accessDescriptor = first.accessDescriptor
        eventDescriptor = first.eventDescriptor
        isJournal = first.isJournal
        isFile = first.isFile
        shared = first.shared
        isOwner = false
        makePending()
    }

    /// A log whose events go elsewhere; the descriptor stays the caller's.
    ///
    /// - Parameter journal: what the environment has as `JOURNAL_STREAM`: the device and the inode of the journal's socket.
    init(
        _ settings: LogSettings, kernel: any Kernel, eventDescriptor: Int32, isShared: Bool = false,
        journal: String? = getenv("JOURNAL_STREAM").map { String(cString: $0) }
    ) throws(SystemError) {
        isJournal = journal.map { Self.text(of: eventDescriptor) == $0 } ?? false
        self.settings = settings
        self.kernel = kernel
        self.eventDescriptor = eventDescriptor
        shared = isShared ? SharedOutput() : nil
        isOwner = true
        switch settings.access {
        case .off: accessDescriptor = nil
        case .stdout: accessDescriptor = STDOUT_FILENO
        case .stderr: accessDescriptor = STDERR_FILENO
        case .file(let path):
            accessDescriptor = try Self.openFile(path)
        }
        isFile = accessDescriptor.map(Self.isFile) ?? false
        makePending()
    }

    private func makePending() {
        guard accessDescriptor != nil else { return }
        // Of its memory, what was never written is not there.
        var pool = BufferPool(bufferBytes: Self.pendingBytesMax)
        pending = pool.lend()
    }

    private static func openFile(_ path: String) throws(SystemError) -> Int32 {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw SystemError(call: "open", errno: errno, subject: path) }
        return descriptor
    }

    /// `DEVICE:INODE`
    private static func text(of descriptor: Int32) -> String? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? "\(status.st_dev):\(status.st_ino)" : nil
    }

    private static func isFile(_ descriptor: Int32) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    deinit {
        flush()
        if isOwner, case .file = settings.access, let accessDescriptor { close(accessDescriptor) }
    }

    var isAccessLogged: Bool { accessDescriptor != nil }

    /// Says what happened, if it is at least as grave as `log.level`.
    public func event(_ level: LogSettings.Level, _ message: @autoclosure () -> String) {
        guard Self.rank(level) >= Self.rank(settings.level) else { return }
        let time = Timestamp.text(kernel.wallNow())
        let line: String
        let priority = isJournal ? Self.priority(level) : ""
        switch settings.format {
        case .json: line = "\(priority){\"time\":\"\(time)\",\"level\":\"\(level.rawValue)\",\"message\":\(JSONWriter.quoted(message()))}\n"
        case .text: line = "\(priority)\(time) \(level.rawValue): \(message())\n"
        }
        Array(line.utf8).withUnsafeBufferPointer { bytes in
            if let shared, eventDescriptor == accessDescriptor {
                // Behind the end of a line that was begun; one that is itself cut off is ended first by whoever is next.
                _ = shared.writeLines(bytes) { Self.write($0, to: eventDescriptor) }
            } else if let shared {
                shared.writeEvent { Self.write(bytes, to: eventDescriptor) }
            } else {
                Self.write(bytes, to: eventDescriptor)
            }
        }
    }

    private static func rank(_ level: LogSettings.Level) -> Int {
        switch level {
        case .debug: 0
        case .info: 1
        case .warning: 2
        case .error: 3
        }
    }

    /// As the journal has it (sd-daemon(3)).
    private static func priority(_ level: LogSettings.Level) -> String {
        switch level {
        case .debug: "<7>"
        case .info: "<6>"
        case .warning: "<4>"
        case .error: "<3>"
        }
    }

    /// Opens the access log's file anew, for all loops: the one before may have been renamed. If that fails, lines go on into it.
    func reopen() {
        guard case .file(let path) = settings.access, let accessDescriptor else { return }
        flush()
        do throws(SystemError) {
            let descriptor = try Self.openFile(path)
            defer { close(descriptor) }
            guard dup2(descriptor, accessDescriptor) >= 0 else { throw SystemError(call: "dup2", errno: errno, subject: path) }
            _ = fcntl(accessDescriptor, F_SETFD, FD_CLOEXEC)
            event(.info, "the access log was opened anew")
        } catch {
            event(.error, "log.access: cannot open \(error.subject) anew: \(error.reason); lines go on into the file before")
        }
    }

    /// Writes what is pending. A pipe whose reader has stopped takes nothing: the lines stay until they are too many.
    func flush() {
        guard let accessDescriptor, !pending.isEmpty else { return }
        if let shared {
            pending.consume(shared.writeLines(pending.bytes) { write($0, toAccess: accessDescriptor) })
        } else {
            pending.consume(write(pending.bytes, toAccess: accessDescriptor))
        }
        if fault != nil { tellFault() }
        guard pending.isEmpty else { return }
        if droppedCount > 0 {
            let reason = fault.map { "\(place) took no more: \(SystemError.text(for: $0))" } ?? "their reader was too slow"
            event(.warning, "\(droppedCount) access lines were dropped: \(reason)")
            droppedCount = 0
        }
        if isFaultTold { event(.info, "the access log can be written again") }
        fault = nil
        isFaultTold = false
    }

    /// Says once why lines wait, while they do.
    private func tellFault() {
        guard let fault, !isFaultTold, !pending.isEmpty else { return }
        let time = kernel.monotonicNow()
        if let faultTime, time < faultTime + Self.faultPause { return }
        faultTime = time
        isFaultTold = true
        let advice = fault == EPIPE ? "nobody reads it any more: start the proxy with a reader" : "make room"
        event(
            .error, "log.access: cannot write into \(place): \(SystemError.text(for: fault)); \(advice); until then \(Self.pendingBytesMax >> 20) MiB "
                + "of lines wait, and further ones are dropped")
    }

    private var place: String {
        switch settings.access {
        case .off: "nothing"
        case .stdout: "standard output"
        case .stderr: "standard error"
        case .file(let path): quoted(path)
        }
    }

    private func write(_ lines: UnsafeBufferPointer<UInt8>, toAccess descriptor: Int32) -> Int {
        guard isFile else {
            let count = Self.write(lines, to: descriptor)
            if count < lines.count, Self.isUnread(descriptor) { fault = EPIPE }
            return count
        }
        let count = Glibc.write(descriptor, lines.baseAddress!, lines.count)
        if count < 0, errno != EINTR { fault = errno }
        return max(0, count)
    }

    /// Whether a line of so many bytes can wait, too.
    private func makeRoom(_ count: Int) -> Bool {
        if pending.freeCapacity >= count { return true }
        pending.compact()
        return pending.freeCapacity >= count
    }

    /// Never waits for a reader. The bytes that were written.
    @discardableResult
    private static func write(_ bytes: UnsafeBufferPointer<UInt8>, to descriptor: Int32) -> Int {
        var written = 0
        while written < bytes.count {
            var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&poller, 1, 0) == 1, poller.revents & Int16(POLLOUT) != 0 else { break }
            let rest = UnsafeBufferPointer(rebasing: bytes[written...])
            let count = Glibc.write(descriptor, rest.baseAddress!, pieceCount(rest))
            guard count > 0 else { break }
            written += count
        }
        return written
    }

    /// Whether it is a pipe without a reader, or a socket whose other end is gone.
    private static func isUnread(_ descriptor: Int32) -> Bool {
        var poller = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&poller, 1, 0) == 1 && poller.revents & Int16(POLLERR | POLLHUP) != 0
    }

    /// A pipe that is ready takes this much without waiting, and in one piece; so whole lines, where some fit.
    private static func pieceCount(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        guard bytes.count > Int(PIPE_BUF) else { return bytes.count }
        return bytes[..<Int(PIPE_BUF)].lastIndex(of: 0x0A).map { $0 + 1 } ?? Int(PIPE_BUF)
    }
}

// MARK: requests

extension Log {
    /// One line for a request that has ended. `client` is who the client's certificate says that it is.
    ///
    /// Nothing is made for it but its bytes, where they wait to be written.
    func access(
        _ exchange: borrowing Exchange, user: UInt32?, client: String?, route: String?, cause: Cause?, durations: Durations
    ) {
        let head = exchange.copy.head.span
        // What was no request has neither method nor path.
        let method = head.isEmpty ? Self.nothing.span : head.extracting(exchange.methodRange)
        let path = head.isEmpty ? Self.nothing.span : head.extracting(exchange.pathRange)
        let texts = (client?.utf8.count ?? 0) + (route?.utf8.count ?? 0)
        let countMax = JSONText.countMax(of: method.count + path.count + texts + Limits.requestIDBytesMax) + 768
        guard makeRoom(countMax) else {
            droppedCount += 1
            return
        }
        let line = Line(
            head: exchange.copy.head, requestID: exchange.requestID, status: exchange.status, received: exchange.receivedCount,
            sent: exchange.sentCount, durations: durations, isReplayed: exchange.isReplayed, replayCount: exchange.replayCount,
            retryCount: exchange.retryCount, user: user,
            client: client, route: route, cause: cause)
        let wall = kernel.wallNow()
        pending.append { output in
            switch settings.format {
            case .json:
                output.appendWhole("{\"time\":\"")
                timestamp.write(wall, into: &output)
                line.writeJSON(method: method, path: path, into: &output)
            case .text:
                timestamp.write(wall, into: &output)
                line.writeText(method: method, path: path, into: &output)
            }
        }
    }

    private static let nothing = [UInt8(ascii: "-")]
}
