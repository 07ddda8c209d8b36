internal import ArgumentParser
internal import Glibc
internal import Proxy

/// The option that names a configuration file, and the reading of it.
struct ConfigurationFile: ParsableArguments {
    @Option(name: .customLong("config"), help: "The configuration. Default: proxy.json here, else /etc/bearerproxy/proxy.json.")
    var path: String?

    /// Bytes of a configuration at most. One of a hundred routes has some 100 KiB.
    private static let bytesMax = 1 << 20

    /// The configuration that is in force, or the exit with all that is wrong with it.
    func load() throws(ExitCode) -> Configuration {
        try Self.load(try chosenPath())
    }

    /// The same of a file that is known.
    static func load(_ path: String) throws(ExitCode) -> Configuration {
        do {
            return try loaded(path)
        } catch {
            for line in error.lines { Console.error(line) }
            throw ExitStatus.configuration
        }
    }

    /// What is wrong with a file, in lines for people.
    struct Fault: Error {
        let lines: [String]
    }

    /// The same, for who says himself what is wrong.
    static func loaded(_ path: String) throws(Fault) -> Configuration {
        let bytes = try read(path)
        do {
            return try Configuration.load(bytes, file: path)
        } catch {
            throw Fault(lines: error.findings.map(\.description))
        }
    }

    /// The file that is named, or that is there.
    func chosenPath() throws(ExitCode) -> String {
        if let path { return path }
        for candidate in ["proxy.json", "/etc/bearerproxy/proxy.json"] where access(candidate, F_OK) == 0 { return candidate }
        Console.error(
            "bearerproxy: there is no proxy.json here and no /etc/bearerproxy/proxy.json; name a configuration with --config FILE")
        throw ExitStatus.configuration
    }

    private static func read(_ path: String) throws(Fault) -> [UInt8] {
        guard let file = fopen(path, "re") else {
            throw Fault(lines: ["bearerproxy: cannot open the configuration \(path): \(String(cString: strerror(errno)))"])
        }
        defer { fclose(file) }
        let bytes = [UInt8](unsafeUninitializedCapacity: bytesMax + 1) { buffer, count in
            count = fread(buffer.baseAddress, 1, buffer.count, file)
        }
        guard ferror(file) == 0 else {
            throw Fault(lines: ["bearerproxy: cannot read the configuration \(path): \(String(cString: strerror(errno)))"])
        }
        guard bytes.count <= Self.bytesMax else {
            throw Fault(lines: ["bearerproxy: the configuration \(path) has more than \(Self.bytesMax) bytes; name another file"])
        }
        return bytes
    }
}
