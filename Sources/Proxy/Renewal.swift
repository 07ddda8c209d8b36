internal import Credentials
internal import EventLoop
internal import TLS

/// A configuration that is ready to take the place of the running one: all that could fail has been done, but for the opening of listeners.
///
/// For each loop it has parts of its own, which that loop alone touches once they have been handed to it: unchecked, and safe by that.
public final class Renewal: @unchecked Sendable {
    struct NewCredential {
        let configuration: Credential
        let destination: Destination?
        let shared: SharedCredential
    }

    struct NewRoute {
        let configuration: Route
        /// The number of its destination, which may have been there before.
        let destination: Int
        let credential: Int
        let users: AllowedUsers?
        let listenContext: TLSContext?
        /// The same for all loops.
        let rate: RequestRate?
    }

    /// What one loop gets, in the order of the numbers.
    struct Share {
        var destinations: [Destination] = []
        var credentials: [NewCredential] = []
        var routes: [NewRoute] = []
    }

    /// A listener that was not there before, and its socket on each loop that has one of its own.
    struct Opening {
        /// Of the listener, the same on all loops.
        let index: Int
        let key: Listener.Key
        let address: SocketAddress
        let origin: Listener.Origin
        var descriptors: [Int32?]
    }

    let configuration: Configuration
    /// By loop.
    let shares: [Share]
    /// The parts that are in force after it, with their numbers, in the order of the configuration.
    let routes: [RunningPart]
    let credentials: [RunningPart]
    /// The credentials, by their numbers, that stay and have other secrets by now.
    let renewed: Set<Int>
    /// What the egress proxy's secrets were read from.
    let egressFiles: [FileSignature?]
    /// The listeners whose clients have to show certificates of other authorities than before.
    let revoked: Set<Listener.Key>
    /// The files that its secrets were read from, by the keys in the configuration.
    let signatures: [String: FileSignature]
    /// What has changed, for people.
    let changes: [String]
    /// Set before any loop but the first sees it.
    var openings: [Opening] = []
    /// Loops that have not taken it over yet.
    let remaining = SharedCount()

    init(
        configuration: Configuration, shares: [Share], routes: [RunningPart], credentials: [RunningPart], renewed: Set<Int>,
        egressFiles: [FileSignature?], revoked: Set<Listener.Key>, signatures: [String: FileSignature], changes: [String]
    ) {
        self.configuration = configuration
        self.egressFiles = egressFiles
        self.shares = shares
        self.revoked = revoked
        self.signatures = signatures
        self.routes = routes
        self.credentials = credentials
        self.renewed = renewed
        self.changes = changes
        remaining.add(shares.count)
    }

    /// The numbers of the destinations that stay, or come.
    var destinations: Set<Int> { Set((routes + credentials).compactMap { $0.destination?.index }) }
}
