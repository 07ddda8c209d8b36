/// What other threads want of a loop's handler: messages in the order in which they were posted, of which an event tells.
///
/// It does not grow without end by itself: who posts sees to it that a message is not posted again before it was taken.
public final class Mailbox<Message: Sendable>: Sendable {
    private struct State {
        var messages: [Message] = []
        var waker: (any Waker)?
    }

    private let state = Locked(State())

    public init() {}

    /// From now on `waker` tells of messages, of those too that are there already.
    public func open(with waker: any Waker) {
        let isWaiting = state.withLock { state in
            state.waker = waker
            return !state.messages.isEmpty
        }
        if isWaiting { waker.wake() }
    }

    /// From any thread.
    public func post(_ message: Message) {
        let waker = state.withLock { state -> (any Waker)? in
            state.messages.append(message)
            // The event for those before is still to come.
            return state.messages.count == 1 ? state.waker : nil
        }
        waker?.wake()
    }

    /// All messages since the last call. To be called upon the event.
    public func take() -> [Message] {
        state.withLock { state in
            var messages: [Message] = []
            swap(&messages, &state.messages)
            return messages
        }
    }
}
