// swift-tools-version: 6.2
import PackageDescription

/// What every target is held to: Swift 6 language mode, no warning, imports that say what they bring.
let common: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// For the pure targets, which read bytes from strangers: every unsafe construct has to be marked.
let pure = common + [.strictMemorySafety()]

/// What the build is made of, for `--version`; nothing where BEARERPROXY_COMMIT is not set, or is no name of a commit.
let commit: [CSetting] = {
    guard let commit = Context.environment["BEARERPROXY_COMMIT"], !commit.isEmpty, commit.utf8.count <= 64,
        commit.utf8.allSatisfy({ (48...57).contains($0) || (97...122).contains($0) || $0 == 45 })
    else { return [] }
    return [.define("BEARERPROXY_COMMIT", to: "\"\(commit)\"")]
}()

let package = Package(
    name: "bearerproxy",
    products: [
        .executable(name: "bearerproxy", targets: ["bearerproxy"]),
        // deploy/fuzz links it.
        .library(name: "Fuzzing", type: .static, targets: ["Fuzzing"]),
    ],
    dependencies: [.package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")],
    targets: [
        .systemLibrary(name: "CLinux"),
        .target(name: "CMemory"),
        .target(name: "CBuild", cSettings: commit),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        .target(name: "Wire", dependencies: ["CZlib"], swiftSettings: pure),
        .target(name: "TLS", dependencies: ["COpenSSL"], swiftSettings: common),
        .target(name: "EventLoop", dependencies: ["CLinux"], swiftSettings: common),
        .target(name: "Credentials", dependencies: ["Wire", "CMemory"], swiftSettings: pure),
        .target(name: "Proxy", dependencies: ["Credentials", "Wire", "TLS", "EventLoop"], swiftSettings: common),
        .target(name: "Sandbox", dependencies: ["Wire", "TLS", "EventLoop"], swiftSettings: common),

        .executableTarget(
            name: "bearerproxy",
            dependencies: [
                "Proxy", "Sandbox", "EventLoop", "TLS", "Wire", "CBuild",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: common),

        // What the sources themselves are held to.
        .testTarget(name: "HouseTests", swiftSettings: common),
        // How much of a random test is run.
        .target(name: "TestShare", path: "Tests/Share", swiftSettings: common),
        // What servers compress with.
        .target(name: "Compressor", dependencies: ["CZlib"], path: "Tests/Compressor", swiftSettings: common),
        .testTarget(name: "WireTests", dependencies: ["Wire", "Compressor"], swiftSettings: common),
        .testTarget(name: "TLSTests", dependencies: ["TLS"], swiftSettings: common),
        // The world that tests put in place of Linux: a kernel, a network, a clock, from one seed.
        .target(name: "Simulation", dependencies: ["EventLoop"], path: "Tests/Simulation", swiftSettings: common),
        .testTarget(name: "SimulationTests", dependencies: ["Simulation", "EventLoop"], swiftSettings: common),

        .testTarget(name: "EventLoopTests", dependencies: ["EventLoop", "CLinux", "Simulation"], swiftSettings: common),
        .testTarget(name: "CredentialsTests", dependencies: ["Credentials", "Wire", "CMemory", "TestShare"], swiftSettings: common),
        .testTarget(
            name: "ProxyTests", dependencies: ["Proxy", "Credentials", "EventLoop", "TLS", "Wire", "Compressor"], swiftSettings: common),
        .testTarget(
            name: "ProxySimulationTests",
            dependencies: ["Proxy", "Sandbox", "Simulation", "EventLoop", "Credentials", "TLS", "Wire", "Compressor", "TestShare"],
            // What deploy/simulate --planted puts into a copy of the sources.
            exclude: ["Planted"], swiftSettings: common),
        // What Tests/Benchmarks/run counts the instructions of.
        .executableTarget(
            name: "Benchmarks", dependencies: ["Proxy", "Wire", "EventLoop"], path: "Tests/Benchmarks/Program", swiftSettings: common),
        .testTarget(name: "SandboxTests", dependencies: ["Sandbox", "Wire"], swiftSettings: common),
        // What deploy/fuzz gives to libFuzzer.
        .target(
            name: "Fuzzing", dependencies: ["Proxy", "Sandbox", "Credentials", "TLS", "Wire", "Compressor"], path: "Tests/Fuzzing",
            exclude: ["Seeds", "second_opinion.py"], swiftSettings: common),
        .testTarget(name: "FuzzingTests", dependencies: ["Fuzzing", "TestShare"], swiftSettings: common),
    ]
)
