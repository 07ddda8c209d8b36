internal import Wire

/// The way into one emulated service: counts its requests, and has the paths under `/_sandbox/` answered.
final class Portal: Service {
    private(set) var counts = RequestCounts()
    private let service: any Service
    private unowned let control: Control

    init(_ service: any Service, control: Control) {
        self.service = service
        self.control = control
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
        return Probe.answer(request).map { .now($0) } ?? service.answer(request)
    }
}
