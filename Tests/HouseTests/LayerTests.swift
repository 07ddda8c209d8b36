import Testing

@Suite struct LayerTests {
    @Test func `every import of the product points the right way`() throws {
        let files = try SourceFile.all()
        // Every layer was looked at, and not an empty folder.
        #expect(Set(files.map(\.target)) == Layers.targets)
        #expect(files.reduce(0) { $0 + Layers.imports($1.text).count } > 100)
        #expect(files.flatMap(Layers.faults) == [])
    }

    @Test(arguments: [
        ("Wire", "import Glibc"), ("TLS", "internal import Glibc"), ("Credentials", "internal import Glibc"),
        ("Wire", "internal import Credentials"), ("Wire", "import COpenSSL"), ("EventLoop", "public import Wire"),
        ("TLS", "import EventLoop"), ("Credentials", "internal import TLS"), ("Credentials", "internal import EventLoop"),
        ("Proxy", "internal import Sandbox"), ("Sandbox", "internal import Proxy"), ("Proxy", "internal import CLinux"),
        ("Proxy", "internal import COpenSSL"), ("Sandbox", "import CZlib"), ("bearerproxy", "import CLinux"),
        ("Proxy", "import CMemory"), ("Wire", "internal import CMemory"), ("Proxy", "internal import CBuild"),
        ("Proxy", "import Foundation"), ("bearerproxy", "import FoundationEssentials"),
        ("Proxy", "@preconcurrency public import Foundation"), ("Proxy", "@testable\timport Sandbox"),
        ("Wire", "import struct Foundation.Data"), ("Wire", "  import func Glibc.read"), ("TLS", "let a = 1; import Glibc"),
        ("Proxy", "public import Dispatch // for one thing"), ("Elsewhere", ""),
    ])
    func `an import that points the wrong way is found`(target: String, line: String) {
        let file = SourceFile(target: target, path: "Sources/\(target)/Made.swift", text: "/// Made up.\n\(line)\nstruct Made {}\n")
        #expect(Layers.faults(in: file).count == 1)
    }

    @Test(arguments: [
        ("Wire", "internal import CZlib"), ("TLS", "import COpenSSL"), ("EventLoop", "internal import CLinux"),
        ("Credentials", "internal import Wire"), ("Credentials", "internal import CMemory"), ("Proxy", "public import EventLoop"), ("Sandbox", "internal import TLS"),
        ("bearerproxy", "internal import ArgumentParser"), ("Proxy", "// import nothing else"), ("Wire", "var imports = 1"),
        ("Proxy", "internal import struct EventLoop.Event"),
    ])
    func `an import that points the right way is none`(target: String, line: String) {
        let file = SourceFile(target: target, path: "Sources/\(target)/Made.swift", text: "\(line)\n")
        #expect(Layers.faults(in: file) == [])
    }
}
