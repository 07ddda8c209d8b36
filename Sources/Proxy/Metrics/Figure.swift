/// Where the numbers of each kind stand in their `Counters`. What ends stands behind what begins: they are read from the end.
enum Figure {
    /// Requests and answers of a route, or of those that had none.
    enum Route {
        /// Requests that were given to the route.
        static var begun: Int { 0 }
        static var receivedBytes: Int { 1 }
        static var sentBytes: Int { 2 }
        /// Sent anew after a refusal of the token.
        static var replays: Int { 3 }
        /// Sent anew because a pooled connection had ended.
        static var retries: Int { 4 }
        // Histograms
        static var whole: Int { 8 }
        static var upstream: Int { whole + TimeScale.placeCount }
        static var overhead: Int { upstream + TimeScale.placeCount }
        static var tokenWait: Int { overhead + TimeScale.placeCount }
        static var queueWait: Int { tokenWait + TimeScale.placeCount }
        /// By `Cause.index`.
        static var causes: Int { queueWait + TimeScale.placeCount }
        /// By status; the first are those that ended without an answer.
        static var statuses: Int { causes + causeCountMax }
        static var count: Int { statuses + statusCount }

        static var causeCountMax: Int { 40 }
        static var statusCount: Int { 501 }

        /// The place of a status from 100 to 599.
        @inline(__always)
        static func place(ofStatus status: Int) -> Int {
            let offset = status &- 99
            return statuses &+ (UInt(bitPattern: offset) < UInt(statusCount) ? offset : 0)
        }
    }

    /// The connections to an upstream, or to a token endpoint.
    enum Connections {
        static var opened: Int { 0 }
        static var closed: Int { 1 }
        /// In the pool now.
        static var idle: Int { 2 }
        /// Requests that wait for one now.
        static var waiting: Int { 3 }
        /// That could not be made, by `ConnectionFailure.index`.
        static var failures: Int { 4 }
        static var count: Int { failures + ConnectionFailure.allCases.count }
    }

    /// The calls for a credential's tokens.
    enum Tokens {
        static var calls: Int { 0 }
        static var renewals: Int { 1 }
        /// By `TokenFailure.index`.
        static var failures: Int { 2 }
        static var count: Int { failures + TokenFailure.allCases.count }
    }

    /// A loop, and its clients.
    enum Loop {
        static var clientsAccepted: Int { 0 }
        static var clientsClosed: Int { 1 }
        /// That were one too many.
        static var clientsRefused: Int { 2 }
        /// Whose TLS failed.
        static var clientTLSFailures: Int { 3 }
        static var receivedFromClients: Int { 4 }
        static var sentToClients: Int { 5 }
        static var receivedFromUpstreams: Int { 6 }
        static var sentToUpstreams: Int { 7 }
        /// A histogram: how long its turns took.
        static var turns: Int { 8 }
        static var count: Int { turns + TimeScale.placeCount }
    }
}
