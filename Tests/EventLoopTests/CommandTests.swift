import EventLoop
import Glibc
import Testing

/// Real programs, all of which every Linux has.
@Suite struct CommandTests {
    private func output(_ arguments: String...) -> String? {
        (try? Command.run(arguments).get()).map { String(decoding: $0, as: UTF8.self) }
    }

    private func reason(_ arguments: String...) -> String? {
        guard case .failure(let error) = Command.run(arguments) else { return nil }
        return error.description
    }

    @Test func `a program gives what it prints`() {
        #expect(output("/bin/echo", "hush") == "hush\n")
        #expect(output("printf", "%s-%s", "a b", "$HOME;") == "a b-$HOME;", "no shell reads the arguments")
        #expect(output("true") == "")
    }

    @Test func `its input and its errors are nowhere, and no descriptor of ours is open in it`() {
        #expect(output("cat") == "")
        #expect(output("sh", "-c", "echo seen >&2") == "")
        let inherited = dup2(1, 777)
        defer { close(inherited) }
        #expect(inherited == 777)
        #expect(output("sh", "-c", "for fd in /proc/self/fd/*; do [ -e $fd ] && echo ${fd##*/}; done; true") == "0\n1\n2\n")
    }

    @Test func `signals have their usual effect in it, though they are blocked or ignored here`() throws {
        for name in ["SigBlk", "SigIgn"] {
            let text = try #require(output("sh", "-c", "sed -n 's/^\(name):[[:space:]]*//p' /proc/self/status"))
            let mask = try #require(UInt64(text.trimmingNewline, radix: 16))
            // From 32 on they are Glibc's own.
            #expect(mask & 0x7FFF_FFFF == 0, "\(name)")
        }
    }

    @Test func `what is withheld of the environment is not in it`() throws {
        setenv("BEARERPROXY_COMMAND_A", "hush", 1)
        setenv("BEARERPROXY_COMMAND_AB", "seen", 1)
        let printed = try Command.run(["env"], withholding: ["BEARERPROXY_COMMAND_A"]).get()
        let text = String(decoding: printed, as: UTF8.self)
        #expect(!text.contains("BEARERPROXY_COMMAND_A="))
        #expect(text.contains("BEARERPROXY_COMMAND_AB=seen"))
        #expect(text.contains("PATH="))
    }

    @Test func `a program that fails is told by its status, and what it printed is not`() {
        #expect(reason("sh", "-c", "echo hush; exit 3") == "the command sh ended with status 3; run it as the user of bearerproxy to see why")
        #expect(reason("sh", "-c", "echo hush; kill -9 $$") == "the command sh was ended by signal 9; run it as the user of bearerproxy to see why")
        #expect(reason("/no/such/program", "hush") == "the command /no/such/program cannot be started: No such file or directory")
        #expect(reason("no-such-program") == "the command no-such-program cannot be started: No such file or directory")
        #expect(reason("/etc/passwd") == "the command /etc/passwd cannot be started: Permission denied")
    }

    @Test func `the longest output is taken, and a byte more is not`() {
        #expect(output("head", "-c", "65536", "/dev/zero")?.utf8.count == 65_536)
        #expect(reason("head", "-c", "65537", "/dev/zero") == "the command head printed more than 65536 bytes; have it print the secret alone")
        #expect(reason("yes") == "the command yes printed more than 65536 bytes; have it print the secret alone")
    }

    @Test func `a program that does not end is killed, and so is what it has started`() throws {
        let file = "/tmp/bearerproxy-command-\(getpid())"
        defer { unlink(file) }
        let began = ContinuousClock.now
        #expect(reason("sh", "-c", "sleep 600 & echo $! > \(file); wait")
            == "the command sh did not end and close its output within 10 s; see what it waits for")
        #expect(ContinuousClock.now - began < .seconds(60))
        let text = try Command.run(["cat", file]).get()
        let child = try #require(pid_t(String(decoding: text, as: UTF8.self).trimmingNewline))
        // It is gone as soon as init has buried it; until then it is a zombie. It dies when its turn comes.
        let end = ContinuousClock.now + .seconds(10)
        var isAlive = true
        while isAlive, ContinuousClock.now < end {
            isAlive = output("sh", "-c", "grep -E '^State:.[^ZX]' /proc/\(child)/status; true") != ""
        }
        #expect(!isAlive)
    }

    @Test func `commands run beside the loop, each is announced once, and at most as many as wait are taken`() throws {
        let watcher = try Watcher()
        watcher.kernel.run(["sh", "-c", "sleep 0.2; echo late"], token: 7)
        watcher.kernel.run(["echo", "soon"], token: 8)
        #expect(watcher.kernel.takeOutput(token: 8) == nil)
        #expect(watcher.wait(for: .finished, of: 8))
        #expect(watcher.kernel.takeOutput(token: 8) == .success(Array("soon\n".utf8)))
        #expect(watcher.kernel.takeOutput(token: 8) == nil)
        #expect(watcher.wait(for: .finished, of: 7))
        #expect(watcher.kernel.takeResolution(token: 7) == nil)
        #expect(watcher.kernel.takeOutput(token: 7) == .success(Array("late\n".utf8)))
        watcher.forget()
        for token in 1...200 as ClosedRange<UInt64> { watcher.kernel.run(["true"], token: token) }
        #expect(watcher.wait { watcher.seen.count == 200 })
        #expect(watcher.seen.values.allSatisfy { $0 == .finished })
    }
}

extension String {
    fileprivate var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
