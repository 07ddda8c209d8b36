internal import Glibc

/// A path in which any name may be a link, as that of a secret is which is replaced by moving a link to another directory.
public enum LinkedPath {
    /// The directories in which something has to stay readable so that the path leads to a file after any of its links has been
    /// moved to a neighbour of what it leads to now: that of the file, and that of each link on the way, without links themselves.
    ///
    /// Left out are `/`, `/usr` and `/var`, which hold everything: their links (`/lib`, `/var/run`) are the system's, and stay. A file
    /// that is in one of them is named itself. What is not there is taken as it is written.
    public static func directories(of path: String) -> [String] {
        var found: [String] = []
        func add(_ place: String) {
            if !place.isEmpty, !found.contains(place) { found.append(place) }
        }
        // The directory that the walk has come to, which no link is in; "" is `/`.
        var directory = path.hasPrefix("/") ? "" : present
        var file = directory
        var names: [Substring] = path.split(separator: "/").reversed()
        var linksCount = 0
        while let name = names.popLast() {
            if name == "." { continue }
            if name == ".." {
                directory = parent(of: directory)
                continue
            }
            file = "\(directory)/\(name)"
            guard linksCount < Limits.pathLinksMax, let target = target(of: file) else {
                // The last name is that of the file: its directory is where it stays.
                if !names.isEmpty { directory = file }
                continue
            }
            linksCount += 1
            if !holdsAll(directory) { add(directory) }
            if target.hasPrefix("/") { directory = "" }
            names += target.split(separator: "/").reversed()
        }
        add(holdsAll(directory) ? file : directory)
        return found
    }

    private static func holdsAll(_ directory: String) -> Bool { ["", "/usr", "/var"].contains(directory) }

    private static func parent(of directory: String) -> String {
        String(directory[..<(directory.lastIndex(of: "/") ?? directory.startIndex)])
    }

    private static func target(of path: String) -> String? {
        withUnsafeTemporaryAllocation(byteCount: Int(PATH_MAX), alignment: 1) { bytes in
            let count = readlink(path, bytes.baseAddress!, bytes.count)
            return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
        }
    }

    /// The working directory, without links.
    private static var present: String {
        guard let path = realpath(".", nil) else { return "" }
        defer { free(path) }
        let text = String(cString: path)
        return text == "/" ? "" : text
    }
}
