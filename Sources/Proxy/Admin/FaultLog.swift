/// The faults of late: one entry for each subject and code, so that many of one kind push no other out.
struct FaultLog: Sendable {
    /// The one that happened last at the end.
    private(set) var faults: [Fault] = []

    /// Something went wrong. Of more kinds than are kept, the one that is longest ago goes.
    mutating func note(_ subject: Fault.Subject, code: String, _ message: String, at wall: Duration) {
        add(Fault(subject: subject, code: code, message: Self.bounded(message), first: wall, last: wall))
    }

    /// What another loop has noted.
    mutating func merge(_ others: [Fault]) {
        for fault in others { add(fault) }
        faults.sort { $0.last < $1.last }
    }

    private mutating func add(_ fault: Fault) {
        guard let index = faults.lastIndex(where: { $0.code == fault.code && $0.subject == fault.subject }) else {
            if faults.count == Limits.faultsMax { faults.removeFirst() }
            return faults.append(fault)
        }
        let known = faults.remove(at: index)
        let newer = fault.last >= known.last ? fault : known
        faults.append(
            Fault(
                subject: fault.subject, code: fault.code, message: newer.message, count: known.count + fault.count,
                first: min(known.first, fault.first), last: newer.last))
    }

    private static func bounded(_ message: String) -> String {
        message.utf8.count <= Limits.answerMessageBytesMax ? message : String(decoding: message.utf8.prefix(Limits.answerMessageBytesMax), as: UTF8.self)
    }
}
