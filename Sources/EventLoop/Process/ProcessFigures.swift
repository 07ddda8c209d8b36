internal import CLinux
internal import Glibc

/// What the process takes of the machine. Its files in `/proc` are held open: where it may open no others later, it still knows.
public final class ProcessFigures: Sendable {
    public struct Reading: Sendable {
        /// Memory in use, and all that is mapped; nil where the system does not tell, as below.
        public var residentBytes: UInt64?
        public var virtualBytes: UInt64?
        public var descriptorCount: UInt64?
        /// How many there may be.
        public var descriptorsMax: UInt64?
        /// Time of all its threads on processors.
        public var processorTime: Interval
    }

    private let memory: Int32
    private let descriptors: Int32
    /// When this was made, since 1970-01-01 UTC.
    public let start: Interval

    public init() {
        memory = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        descriptors = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        start = Self.time(CLOCK_REALTIME)
    }

    deinit {
        if memory >= 0 { close(memory) }
        if descriptors >= 0 { close(descriptors) }
    }

    public func read() -> Reading {
        let pages = readMemory()
        return Reading(
            residentBytes: pages.map { $0.resident }, virtualBytes: pages.map { $0.virtual }, descriptorCount: readDescriptors(),
            descriptorsMax: Self.descriptorsMax, processorTime: Self.time(CLOCK_PROCESS_CPUTIME_ID))
    }

    private static func time(_ clock: clockid_t) -> Interval {
        var time = timespec()
        clock_gettime(clock, &time)
        return Interval(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// The first two numbers of the file are pages.
    private func readMemory() -> (virtual: UInt64, resident: UInt64)? {
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = pread(memory, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        let numbers = bytes[..<count].split(separator: UInt8(ascii: " ")).prefix(2).compactMap { UInt64(String(decoding: $0, as: UTF8.self)) }
        guard numbers.count == 2 else { return nil }
        let pageBytes = UInt64(sysconf(Int32(_SC_PAGESIZE)))
        return (numbers[0] * pageBytes, numbers[1] * pageBytes)
    }

    /// The size of the directory, on Linux 6.2 and newer: to read it would take long where there are many.
    private func readDescriptors() -> UInt64? {
        var status = stat()
        guard fstat(descriptors, &status) == 0, status.st_size > 0 else { return nil }
        return UInt64(status.st_size)
    }

    private static var descriptorsMax: UInt64? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0, limit.rlim_cur != .max else { return nil }
        return UInt64(limit.rlim_cur)
    }
}
