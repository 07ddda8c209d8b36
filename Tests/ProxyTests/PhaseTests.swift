import Testing

@testable import Proxy

/// Every move of the three machines: what is not listed traps.
@Suite struct PhaseTests {
    @Test func `a client connection moves as its table says`() {
        let moves: [Downstream.Phase: Set<Downstream.Phase>] = [
            .handshaking: [.idle, .lingering, .closed],
            .idle: [.handshaking, .receivingHead, .exchanging, .breaking, .finishing, .closed], .receivingHead: [.idle, .exchanging, .closed],
            .exchanging: [.idle, .tunnelling, .breaking, .finishing, .closed], .tunnelling: [.breaking, .finishing, .closed],
            .breaking: [.closed], .finishing: [.breaking, .lingering, .closed], .lingering: [.closed], .closed: [],
        ]
        for phase in moves.keys {
            #expect(Set(moves.keys.filter(phase.mayBecome)) == moves[phase], "\(phase)")
        }
    }

    @Test func `an upstream connection moves as its table says`() {
        let moves: [Upstream.Phase: Set<Upstream.Phase>] = [
            .resolving: [.connecting, .closed], .connecting: [.askingEgress, .handshaking, .idle, .closed],
            .askingEgress: [.handshaking, .closed], .handshaking: [.idle, .connecting, .closed], .idle: [.serving, .closed], .serving: [.idle, .tunnelling, .discarding, .closed],
            .tunnelling: [.closed], .discarding: [.idle, .closed], .closed: [],
        ]
        for phase in moves.keys {
            #expect(Set(moves.keys.filter(phase.mayBecome)) == moves[phase], "\(phase)")
        }
    }

    @Test func `a request moves as its table says`() {
        let moves: [Exchange.Phase: Set<Exchange.Phase>] = [
            .none: [.receivingContent, .waitingForToken, .answered], .receivingContent: [.waitingForToken, .answered, .none],
            .waitingForToken: [.waitingForConnection, .answered, .none],
            .waitingForConnection: [.forwarding, .waitingForToken, .answered, .none],
            .forwarding: [.waitingForToken, .waitingForConnection, .tunnelling, .answered, .none], .tunnelling: [.none], .answered: [.none],
        ]
        for phase in moves.keys {
            #expect(Set(moves.keys.filter(phase.mayBecome)) == moves[phase], "\(phase)")
        }
    }

    @Test func `a move that is not in the table traps`() async {
        await #expect(processExitsWith: .failure) {
            var exchange = Exchange()
            exchange.become(.forwarding)
        }
    }
}
