internal import EventLoop
internal import TLS

/// What became of the connections to a destination, in words, and what helps.
struct ConnectionSteps {
    private(set) var steps: [OnlineCheck.Step] = []
    private let destination: Destination
    private let record: ConnectionWitness.Record

    init(_ destination: Destination, _ record: ConnectionWitness.Record) {
        self.destination = destination
        self.record = record
        if tellName(), tellAddress(), tellEncryption() { tellClock() }
    }

    private mutating func add(_ verdict: OnlineCheck.Verdict, _ label: String, _ text: String) {
        steps.append(OnlineCheck.Step(verdict: verdict, label: label, text: text))
    }

    private mutating func tellName() -> Bool {
        let host = destination.dialled.host
        guard SocketAddress(numeric: host, port: 0) == nil else { return true }
        if !record.isEstablished, let reason = record.fault?.unresolvedReason {
            add(.failed, "name", "\(reason); is the name right, and does this machine's resolver work (getent hosts \(host))?")
            return false
        }
        let addresses = destination.addressBook.addresses.map(\.host)
        guard !addresses.isEmpty else { return true }
        add(.passed, "name", "\(host): \(addresses.joined(separator: ", "))")
        return true
    }

    private mutating func tellAddress() -> Bool {
        guard let address = record.address else {
            let fault = record.fault?.reason ?? "nothing was tried"
            let advice = destination.egress == nil
                ? "is host and port right, and does a firewall let this machine out? Where the way leads through an HTTP proxy, set egressProxy"
                : "does the egress proxy run there, and may this machine use it?"
            add(.failed, "connects", "\(fault); \(advice)")
            return false
        }
        if !record.isEstablished, case .egress? = record.fault {
            add(.failed, "connects", record.fault?.reason ?? "")
            return false
        }
        let isNamed = destination.dialled.host == destination.origin.host
        let remark = destination.egress.map { ", the egress proxy (\($0.setting)), and on" } ?? (isNamed ? "" : " (connectTo)")
        add(.passed, "connects", "to \(address)\(remark)")
        return true
    }

    private mutating func tellEncryption() -> Bool {
        guard destination.tls != nil else {
            add(.passed, "TLS", "none: it is on this machine")
            return record.isEstablished
        }
        guard record.isEstablished else {
            add(.failed, "TLS", record.fault.map(Self.advice) ?? "no handshake")
            return false
        }
        guard let (version, days) = record.encryption else { return true }
        let verified = "verified for \(destination.serverName), \(version)"
        guard let days else {
            add(.passed, "TLS", verified)
            return true
        }
        let text = "\(verified); the certificate is valid for \(days) more day\(days == 1 ? "" : "s")"
        if days < Limits.certificateDaysMin {
            add(.doubtful, "TLS", "\(text): tell who runs the server that it has to be renewed")
        } else {
            add(.passed, "TLS", text)
        }
        return true
    }

    private static func advice(_ fault: UpstreamFault) -> String {
        guard case .tls(let error, _) = fault else {
            return "\(fault.reason); does that port speak TLS?"
        }
        return switch error {
        case .certificate(_, let reason) where reason.hasPrefix("it is not valid for this name"):
            "\(fault.reason); if it is the right server, write a name that it has as tls.serverName"
        case .certificate, .configuration, .library: fault.reason
        case .alert: "\(fault.reason); does the server want a certificate of this machine (tls.clientCertificate), or another name (tls.serverName)?"
        case .protocolFault, .truncated, .transport: "\(fault.reason); does that port speak TLS 1.2 or newer?"
        }
    }

    private mutating func tellClock() {
        guard let lead = record.clockLead else { return }
        let seconds = lead.components.seconds
        guard abs(seconds) > Limits.clockDifferenceMax.components.seconds else {
            add(.passed, "clock", "agrees with the server's")
            return
        }
        let way = seconds > 0 ? "ahead of" : "behind"
        add(
            .failed, "clock",
            "this machine's is \(abs(seconds)) s \(way) the server's (field Date): tokens and certificates are judged by it; "
                + "set it, as with timedatectl set-ntp true")
    }
}

extension UpstreamFault {
    /// Why the name of what is dialled has no address; nil of any other fault.
    fileprivate var unresolvedReason: String? {
        switch self {
        case .unresolved(let error): error.description
        case .egress(_, _, .connecting(let fault)): fault.unresolvedReason
        default: nil
        }
    }
}
