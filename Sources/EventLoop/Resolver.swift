internal import CLinux
internal import Glibc

/// Looks names up with getaddrinfo, which blocks, on threads of its own: at most `Limits.resolverThreadsMax`.
///
/// An answer is put where the loop's thread finds it, and an eventfd wakes the loop.
final class Resolver: Sendable {
    typealias Answer = Result<[SocketAddress], ResolutionError>

    private struct Question: Sendable {
        let host: String
        let port: UInt16
        let token: UInt64
    }

    private struct State {
        var questions: [Question] = []
        var answers: [(token: UInt64, answer: Answer)] = []
        var threadCount = 0
    }

    private let state = Locked(State())
    /// Becomes readable when there are answers.
    let eventDescriptor: Int32

    init() throws(SystemError) {
        eventDescriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard eventDescriptor >= 0 else { throw SystemError(call: "eventfd", errno: errno, subject: "the resolver") }
    }

    deinit { close(eventDescriptor) }

    func ask(_ host: String, port: UInt16, token: UInt64) {
        let question = Question(host: host, port: port, token: token)
        let (isRefused, needsThread) = state.withLock { state -> (Bool, Bool) in
            guard state.questions.count < Limits.resolverQueueMax else { return (true, false) }
            state.questions.append(question)
            guard state.threadCount < Limits.resolverThreadsMax else { return (false, false) }
            state.threadCount += 1
            return (false, true)
        }
        if isRefused {
            deliver(.failure(ResolutionError(host: host, reason: "too many names are being looked up")), for: token)
        }
        if needsThread { startWorker(for: question) }
    }

    /// All answers since the last call.
    func takeAnswers() -> [(token: UInt64, answer: Answer)] {
        var count: eventfd_t = 0
        _ = eventfd_read(eventDescriptor, &count)
        return state.withLock { state in
            let answers = state.answers
            state.answers = []
            return answers
        }
    }

    private func startWorker(for question: Question) {
        do {
            try startThread { self.work() }
        } catch {
            // Another thread, if there is one, comes to the question in its turn, or has it already.
            let isLost = state.withLock { state -> Bool in
                state.threadCount -= 1
                guard state.threadCount == 0, let index = state.questions.firstIndex(where: { $0.token == question.token })
                else { return false }
                state.questions.remove(at: index)
                return true
            }
            guard isLost else { return }
            deliver(.failure(ResolutionError(host: question.host, reason: error.description)), for: question.token)
        }
    }

    /// A thread's life: it answers while there are questions.
    private func work() {
        while true {
            let next = state.withLock { state -> Question? in
                guard !state.questions.isEmpty else {
                    state.threadCount -= 1
                    return nil
                }
                return state.questions.removeFirst()
            }
            guard let next else { return }
            deliver(Self.lookUp(next.host, port: next.port), for: next.token)
        }
    }

    private func deliver(_ answer: Answer, for token: UInt64) {
        state.withLock { $0.answers.append((token, answer)) }
        eventfd_write(eventDescriptor, 1)
    }

    /// The addresses in getaddrinfo's order (RFC 6724), the families taking turns (RFC 8305, section 4).
    private static func lookUp(_ host: String, port: UInt16) -> Answer {
        guard !host.utf8.contains(0) else {
            return .failure(ResolutionError(host: host, reason: "a name has no NUL"))
        }
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else {
            let reason = code == EAI_SYSTEM ? SystemError.text(for: errno) : String(cString: gai_strerror(code))
            return .failure(ResolutionError(host: host, reason: reason))
        }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var entry = list
        while let current = entry {
            if let address = current.pointee.ai_addr.flatMap({ SocketAddress(systemForm: $0) }),
                !addresses.contains(address)
            {
                addresses.append(address)
            }
            entry = current.pointee.ai_next
        }
        guard let first = addresses.first else {
            return .failure(ResolutionError(host: host, reason: "the name has no address"))
        }
        let preferred = addresses.filter { $0.family == first.family }
        let others = addresses.filter { $0.family != first.family }
        return .success(interleave(preferred, others))
    }

    private static func interleave(_ first: [SocketAddress], _ second: [SocketAddress]) -> [SocketAddress] {
        var result: [SocketAddress] = []
        for index in 0..<max(first.count, second.count) {
            if index < first.count { result.append(first[index]) }
            if index < second.count { result.append(second[index]) }
        }
        return result
    }
}
