internal import Wire

/// The way into one emulated service: counts its requests, has the paths under `/_sandbox/` answered, and lets chaos in.
final class Portal: Service {
    private(set) var counts = RequestCounts()
    private let service: any Service
    private unowned let control: Control
    private let chaos: Chaos?

    init(_ service: any Service, control: Control, chaos: Chaos?) {
        self.service = service
        self.control = control
        self.chaos = chaos
    }

    func admit(_ request: Request) -> Response? {
        if control.owns(request) { return nil }
        counts.requests += 1
        guard let refusal = service.admit(request) else { return nil }
        counts.refused += 1
        return refusal
    }

    func answer(_ request: Request) -> Reply {
        if control.owns(request) { return .now(control.answer(request)) }
        guard let chaos, let fault = chaos.fault(isTokenCall: service.isTokenCall(request)) else { return carryOut(request) }
        return chaos.reply(fault, admit: { service.admit(request) }, carryOut: { carryOut(request) })
    }

    private func carryOut(_ request: Request) -> Reply {
        Probe.answer(request).map { .now($0) } ?? service.answer(request)
    }
}
