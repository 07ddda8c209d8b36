/// What the admin listener has to show.
enum AdminPage: CaseIterable {
    case page, events, healthz, readyz, metrics, status

    /// By its exact path; the query says nothing.
    init?(path: Span<UInt8>) {
        for page in AdminPage.allCases where path.isEqual(page.path) {
            self = page
            return
        }
        return nil
    }

    private var path: StaticString {
        switch self {
        case .page: "/"
        case .events: "/events"
        case .healthz: "/healthz"
        case .readyz: "/readyz"
        case .metrics: "/metrics"
        case .status: "/status.json"
        }
    }
}

extension Span where Element == UInt8 {
    fileprivate func isEqual(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { wanted in
            for index in 0..<count where self[index] != wanted[index] { return false }
            return true
        }
    }
}
