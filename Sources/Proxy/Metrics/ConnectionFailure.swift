/// Why a connection to an upstream could not be made, as a label of metrics.
enum ConnectionFailure: String, CaseIterable {
    case unresolved, unreachable, timeout, tls, egress

    init(_ fault: UpstreamFault) {
        switch fault {
        case .unresolved: self = .unresolved
        case .connectTimeout, .responseTimeout, .idleTimeout: self = .timeout
        case .egress: self = .egress
        case .tls, .truncated, .closedBeforeAnswer, .malformed, .coding, .unexpected: self = .tls
        case .unreachable: self = .unreachable
        }
    }

    /// Its place among all of them.
    var index: Int { Self.allCases.firstIndex(of: self)! }
}
