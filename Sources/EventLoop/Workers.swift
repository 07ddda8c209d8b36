internal import CLinux
internal import Glibc

/// Threads that do what blocks, a question at a time, so that the loop's thread never does.
///
/// An answer is put where the loop's thread finds it, and an eventfd wakes the loop.
final class Workers<Question: Sendable, Answer: Sendable>: Sendable {
    private struct Task: Sendable {
        let question: Question
        let token: UInt64
    }

    private struct State {
        var tasks: [Task] = []
        var answers: [(token: UInt64, answer: Answer)] = []
        var threadCount = 0
    }

    private let state = Locked(State())
    private let threadsMax: Int
    private let queueMax: Int
    private let work: @Sendable (Question) -> Answer
    private let refusal: @Sendable (Question, String) -> Answer
    /// Becomes readable when there are answers.
    let eventDescriptor: Int32

    /// At most `threadsMax` threads do `work`; a question beyond `queueMax` that wait has the `refusal` for an answer.
    init(
        threadsMax: Int, queueMax: Int, work: @escaping @Sendable (Question) -> Answer,
        refusal: @escaping @Sendable (Question, _ reason: String) -> Answer
    ) throws(SystemError) {
        self.threadsMax = threadsMax
        self.queueMax = queueMax
        self.work = work
        self.refusal = refusal
        eventDescriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard eventDescriptor >= 0 else { throw SystemError(call: "eventfd", errno: errno, subject: "worker threads") }
    }

    deinit { close(eventDescriptor) }

    func ask(_ question: Question, token: UInt64) {
        let task = Task(question: question, token: token)
        let (isRefused, needsThread) = state.withLock { state -> (Bool, Bool) in
            guard state.tasks.count < queueMax else { return (true, false) }
            state.tasks.append(task)
            guard state.threadCount < threadsMax else { return (false, false) }
            state.threadCount += 1
            return (false, true)
        }
        if isRefused { deliver(refusal(question, "\(queueMax) others wait already"), for: token) }
        if needsThread { startWorker(for: task) }
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

    private func startWorker(for task: Task) {
        do {
            try startThread { self.workOff() }
        } catch {
            // Another thread, if there is one, comes to the question in its turn, or has it already.
            let isLost = state.withLock { state -> Bool in
                state.threadCount -= 1
                guard state.threadCount == 0, let index = state.tasks.firstIndex(where: { $0.token == task.token })
                else { return false }
                state.tasks.remove(at: index)
                return true
            }
            if isLost { deliver(refusal(task.question, error.description), for: task.token) }
        }
    }

    /// A thread's life: it answers while there are questions.
    private func workOff() {
        while true {
            let next = state.withLock { state -> Task? in
                guard !state.tasks.isEmpty else {
                    state.threadCount -= 1
                    return nil
                }
                return state.tasks.removeFirst()
            }
            guard let next else { return }
            deliver(work(next.question), for: next.token)
        }
    }

    private func deliver(_ answer: Answer, for token: UInt64) {
        state.withLock { $0.answers.append((token, answer)) }
        eventfd_write(eventDescriptor, 1)
    }
}
