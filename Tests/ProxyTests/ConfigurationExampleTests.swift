import Glibc
import Proxy
import Testing

@Suite struct ConfigurationExampleTests {
    @Test func `the example at the top level has nothing wrong with it`() throws {
        let path = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/proxy.json"
        let configuration = try Configuration.load(try read(path), file: "proxy.json")
        #expect(configuration.warnings == [])
        #expect(configuration.routes.map(\.name) == ["btc", "bloquo"])
        #expect(configuration.routes.map(\.listen.description) == ["127.0.0.1:8080", "127.0.0.1:8081"])
        #expect(configuration.routes.map { configuration.credentials[$0.credential].name } == ["bloq", "bloquo"])
        #expect(configuration.routes.map { $0.inject.map(\.name) } == [["Authorization"], ["Authorization", "customerId"]])
        for source in configuration.secretSources {
            guard case .environment = source.kind else {
                Issue.record("the example takes its secrets from the environment")
                continue
            }
        }
    }

    private func read(_ path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "r"), "\(path) is missing")
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes.prefix(count))
    }
}
