import Testing

@testable import Proxy

@Suite struct PreparationSecretsTests {
    @Test func `a file that a configuration was prepared with is still new to the running one until that is in force`() throws {
        let directory = try Directory()
        try directory.write("one", to: "secret", mode: 0o604)
        let secrets = SharedSecrets(SecretReader())
        let place = Place(file: "proxy.json", line: 3, column: 7, keyPath: "credentials.a.token")
        let source = SecretSource(kind: .file(directory.path("secret")), place: place)
        #expect(secrets.hasChanged(source))
        #expect(try secrets.read(source) == Array("one".utf8))
        #expect(!secrets.hasChanged(source))
        #expect(secrets.takeUntold().count == 1)
        try directory.write("another", to: "secret", mode: 0o604)
        let preparation = PreparationSecrets(secrets)
        #expect(try preparation.read(source) == Array("another".utf8))
        #expect(secrets.hasChanged(source), "who runs has not read it")
        secrets.take(preparation.signatures)
        #expect(!secrets.hasChanged(source))
        #expect(secrets.takeUntold().isEmpty, "a warning is told once")
    }
}
