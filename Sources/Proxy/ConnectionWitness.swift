internal import EventLoop

/// Keeps what became of connections to each destination, for whoever checks them one by one.
final class ConnectionWitness {
    struct Record {
        /// What was connected to.
        var address: SocketAddress?
        /// It could be used for a request.
        var isEstablished = false
        var encryption: (version: String, certificateDays: Int?)?
        /// Why none could be made.
        var fault: UpstreamFault?
        /// Why the last one that had a request brought no answer.
        var servingFault: UpstreamFault?
        /// How far the local clock is ahead of the one that answered.
        var clockLead: Duration?
    }

    /// By the destination's index.
    private var records: [Int: Record] = [:]

    func record(of destination: Destination) -> Record { records[destination.index] ?? Record() }

    func connected(_ destination: Destination, _ address: SocketAddress?) {
        records[destination.index, default: Record()].address = address
    }

    func established(_ destination: Destination, _ encryption: (version: String, certificateDays: Int?)?) {
        records[destination.index, default: Record()].isEstablished = true
        records[destination.index, default: Record()].encryption = encryption
    }

    func failed(_ destination: Destination, _ fault: UpstreamFault, wasServing: Bool) {
        if wasServing {
            records[destination.index, default: Record()].servingFault = fault
        } else {
            records[destination.index, default: Record()].fault = fault
        }
    }

    /// - Parameters:
    ///   - date: of the other's clock, since 1970-01-01 UTC; nil where it told none.
    ///   - wall: of the local one.
    func answered(_ destination: Destination, date: Duration?, wall: Duration) {
        records[destination.index, default: Record()].clockLead = date.map { wall - $0 }
    }
}
