internal import Glibc
internal import Proxy

/// What is allowed and dangerous about the files that the proxy trusts: whoever can write to them has its credentials.
enum FileWarnings {
    static func tell(_ configuration: Configuration, file: String) {
        for warning in of(configuration, file: file) { Console.error("warning: \(warning)") }
    }

    private static func of(_ configuration: Configuration, file: String) -> [String] {
        var warnings: [String] = []
        if isOpenToOthers(file) == true { warnings.append("\(file): every user of this machine can change it; run chmod o-w on it") }
        for path in [file] + configuration.readFiles + configuration.replacedFiles {
            let directory = directory(of: path)
            guard isOpenToOthers(directory) == true else { continue }
            let warning = "\(directory): every user of this machine can write there, and replace \(path); run chmod o-w on it, or choose another"
            if !warnings.contains(warning) { warnings.append(warning) }
        }
        return warnings
    }

    /// Whether others may write. In a directory such as `/tmp`, where each may remove their own files only, they cannot do so to ours.
    private static func isOpenToOthers(_ path: String) -> Bool? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let isSticky = status.st_mode & S_IFMT == S_IFDIR && status.st_mode & S_ISVTX != 0
        return status.st_mode & S_IWOTH != 0 && !isSticky
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
