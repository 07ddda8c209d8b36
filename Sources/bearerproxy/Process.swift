internal import EventLoop
internal import Glibc

/// What is done to the process itself before it serves.
enum Process {
    /// Before anything else is opened.
    static func prepare() {
        openStandardDescriptors()
        // Who asks for a reload, or for the logs to be opened anew, while the process starts gets it when it serves, and does not end it.
        hold([SIGHUP, SIGUSR1])
        // A log that is as long as a file may be (RLIMIT_FSIZE) is as one on a full disk, and ends no process.
        signal(SIGXFSZ, SIG_IGN)
        for fault in ProcessProtection.apply() { Console.error("bearerproxy: warning: this process is less protected: \(fault)") }
        raiseDescriptorLimit()
    }

    /// Who closes standard output or error (`>&-`, some supervisors) would otherwise have log lines written into whichever
    /// socket is opened next, since that gets the free number.
    private static func openStandardDescriptors() {
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 {
            // The lowest free number is this one: those below it are open.
            _ = open("/dev/null", number == STDIN_FILENO ? O_RDONLY : O_WRONLY)
        }
    }

    /// They wait until somebody reads them (`Signals`).
    static func hold(_ signals: [Int32]) {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Ends the process as having done what it was to do, without what libraries do at an orderly end: OpenSSL takes down then what a
    /// thread that still runs may be using.
    static func endAtOnce() -> Never {
        fflush(nil)
        _exit(EXIT_SUCCESS)
    }

    /// How many descriptors the process may have.
    static var descriptorsMax: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else { return 1024 }
        return Int(clamping: limit.rlim_cur)
    }

    /// Lets the process have as many descriptors as it may: each request needs two.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
    }
}
