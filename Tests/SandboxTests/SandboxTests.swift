import EventLoop
import Sandbox
import Testing

struct SandboxTests {
    @Test func `the demo client keys have the form of real ones`() throws {
        let loop = Loop(kernel: try LinuxKernel())
        let sandbox = try Sandbox(loop: loop)
        defer { sandbox.close() }
        #expect(sandbox.credentials.bloqClientID.utf8.count == 40)
        #expect(sandbox.credentials.bloqClientSecret.utf8.count == 80)
        let digits = sandbox.credentials.bloqClientID + sandbox.credentials.bloqClientSecret
        #expect(digits.allSatisfy { $0.isHexDigit })
    }

    @Test func `a closed sandbox leaves no timer, no connection and no listener`() throws {
        let kernel = try LinuxKernel()
        let loop = Loop(kernel: kernel)
        // Below those that Linux gives to whoever asks for any: else another test could have it by the end.
        var settings = Sandbox.Settings()
        settings.portBase = .random(in: 10_240..<32_000)
        let sandbox = try Sandbox(loop: loop, settings: settings)
        let address = sandbox.connect.address
        let client = Descriptor(try kernel.connect(to: address), of: kernel)
        while loop.armedTimerCount == 0 { loop.turn() }
        sandbox.close()
        #expect(loop.armedTimerCount == 0)
        var byte: UInt8 = 0
        #expect(withUnsafeMutableBytes(of: &byte) { kernel.receive(client.number, into: $0) } <= 0)
        let other = Descriptor(try kernel.listen(on: address, options: ListenOptions()), of: kernel)
        #expect(other.number >= 0)
    }

    @Test func `ports follow the port base, and a wrong or taken one is told`() throws {
        let loop = Loop(kernel: try LinuxKernel())
        var settings = Sandbox.Settings()
        settings.portBase = 65_534
        #expect(throws: SandboxError.self) { try Sandbox(loop: loop, settings: settings) }
        let first = try Sandbox(loop: loop)
        defer { first.close() }
        settings.portBase = min(try #require(first.accounts.address.port), 65_533)
        do {
            let second = try Sandbox(loop: loop, settings: settings)
            second.close()
            Issue.record("two sandboxes listen on one port")
        } catch {
            #expect("\(error)".contains("cannot listen"))
        }
    }
}
