internal import Glibc

/// What tells one state of a file from another without reading it.
struct FileSignature: Equatable {
    private let device: dev_t
    private let number: ino_t
    private let size: off_t
    private let modified: [Int]
    private let changed: [Int]

    init(_ status: stat) {
        device = status.st_dev
        number = status.st_ino
        size = status.st_size
        modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
        changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    }

    /// Of what a path leads to by now; nil if it leads to nothing.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }
}
