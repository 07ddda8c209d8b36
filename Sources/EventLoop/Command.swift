internal import CLinux
internal import Glibc

/// Programs that are run for what they print.
public enum Command {
    /// Runs a program to its end, and gives its standard output.
    ///
    /// The first argument is the program: an absolute path, or a name that is looked for in `PATH`. No shell reads any of them.
    /// Its input and its standard error are /dev/null, no other descriptor is open in it, and it is in a process group of its
    /// own. It has this process's environment but for the variables in `withheld`.
    ///
    /// Blocks the calling thread, at most for `Limits.commandTimeout`; a program that takes longer is killed with its group.
    /// Fails too when it prints more than `Limits.commandOutputBytesMax`, or ends with another status than 0.
    public static func run(_ arguments: [String], withholding withheld: Set<String> = []) -> Result<[UInt8], CommandError> {
        let program = arguments[0]
        do throws(CommandFailure) {
            // Ends that nobody asks for would take the status of ours with them.
            signal(SIGCHLD, SIG_DFL)
            var pipe: [Int32] = [-1, -1]
            guard linux_pipe(&pipe) == 0 else { throw CommandFailure("cannot be started: \(SystemError.text(for: errno))") }
            defer { close(pipe[0]) }
            let started = start(arguments, output: pipe[1], withholding: withheld)
            close(pipe[1])
            return .success(try collect(pipe[0], from: try started.get()))
        } catch {
            return .failure(CommandError(program: program, reason: error.reason))
        }
    }

    /// For a command that no thread will come to.
    static func refusal(_ arguments: [String], _ reason: String) -> Result<[UInt8], CommandError> {
        .failure(CommandError(program: arguments[0], reason: "cannot be started: \(reason)"))
    }

    private struct CommandFailure: Error {
        let reason: String
        /// The program has ended, and there is nothing to kill: its number may be another's by now.
        let isEnded: Bool

        init(_ reason: String, isEnded: Bool = false) {
            self.reason = reason
            self.isEnded = isEnded
        }
    }

    private static func start(_ arguments: [String], output: Int32, withholding withheld: Set<String>) -> Result<pid_t, CommandFailure> {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // What is blocked or ignored here, as our threads and SIGPIPE have it, would be so in the program too.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let argumentPointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in argumentPointers { free(pointer) } }
        let environment = environment(withholding: withheld)
        var process: pid_t = 0
        let code = posix_spawnp(&process, arguments[0], &actions, &attributes, argumentPointers, environment)
        guard code == 0 else { return .failure(CommandFailure("cannot be started: \(SystemError.text(for: code))")) }
        return .success(process)
    }

    /// The entries stay where they are: what was overwritten there since is so for the program too.
    private static func environment(withholding withheld: Set<String>) -> [UnsafeMutablePointer<CChar>?] {
        var kept: [UnsafeMutablePointer<CChar>?] = []
        var entry = linux_environment()
        while let text = entry?.pointee {
            let isWithheld = withheld.contains { name in
                strncmp(text, name, name.utf8.count) == 0 && text[name.utf8.count] == CChar(UInt8(ascii: "="))
            }
            if !isWithheld { kept.append(text) }
            entry = entry?.successor()
        }
        return kept + [nil]
    }

    /// Reads the output until its end, and waits for the program's.
    private static func collect(_ output: Int32, from process: pid_t) throws(CommandFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Limits.commandOutputBytesMax + 1)
        defer { bytes.withUnsafeMutableBytes { explicit_bzero($0.baseAddress!, $0.count) } }
        let deadline = Self.now + Limits.commandTimeout
        let count: Int
        do throws(CommandFailure) {
            count = try read(output, into: &bytes, until: deadline)
            try awaitEnd(of: process, until: deadline)
        } catch {
            // The group, so that what the program has started in its turn ends too.
            if !error.isEnded {
                kill(-process, SIGKILL)
                waitpid(process, nil, 0)
            }
            throw error
        }
        return Array(bytes[..<count])
    }

    private static func read(_ output: Int32, into bytes: inout [UInt8], until deadline: Duration) throws(CommandFailure) -> Int {
        var count = 0
        while count < bytes.count {
            let left = deadline - Self.now
            guard left > .zero else { throw Self.late }
            var poller = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            // One more than is left: it never wakes too early.
            guard poll(&poller, 1, Int32(left / .milliseconds(1)) + 1) > 0 else { continue }
            let taken = bytes.withUnsafeMutableBytes { Glibc.read(output, $0.baseAddress! + count, $0.count - count) }
            if taken == 0 { return count }
            if taken > 0 { count += taken }
            if taken < 0, errno != EINTR { throw CommandFailure("cannot be read: \(SystemError.text(for: errno))") }
        }
        throw CommandFailure("printed more than \(Limits.commandOutputBytesMax) bytes; have it print the secret alone")
    }

    private static func awaitEnd(of process: pid_t, until deadline: Duration) throws(CommandFailure) {
        var status: Int32 = 0
        while true {
            let ended = waitpid(process, &status, WNOHANG)
            if ended == process { break }
            guard Self.now < deadline else { throw Self.late }
            usleep(UInt32(Limits.commandEndInterval / .microseconds(1)))
        }
        let signalNumber = status & 0x7F
        guard signalNumber == 0 else {
            throw CommandFailure("was ended by signal \(signalNumber); run it as the user of bearerproxy to see why", isEnded: true)
        }
        let code = status >> 8 & 0xFF
        guard code == 0 else {
            throw CommandFailure("ended with status \(code); run it as the user of bearerproxy to see why", isEnded: true)
        }
    }

    private static let late = CommandFailure("did not end and close its output within \(Limits.commandTimeout.components.seconds) s; see what it waits for")

    private static var now: Duration { .nanoseconds(linux_clock_nanoseconds(CLOCK_MONOTONIC)) }
}
