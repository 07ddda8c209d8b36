import Simulation

/// What differs between the worlds of two tests.
struct WorldSettings {
    var tokenLifetime = Duration.seconds(3600)
    var isEncrypted = false
    /// Bytes of the proxy's buffers; nil: as in production.
    var bufferBytes: Int?
    /// How the upstreams are dialled: by number, or by a name that is looked up.
    var dialledHost = "127.0.0.1"
    /// Added to both routes: `"timeouts": { "responseHead": "2s" }, …`
    var route = ""
    /// Where the secret of `btc` is read from while the proxy runs: this, or what the program `vault` prints.
    var secret = #"{ "env": "BLOQ_SECRET" }"#
    /// The credential of `btc`, in place of one that makes calls: `{ "type": "static", … }`.
    var bloq: String?
    /// Added to both credentials.
    var credential = ""
    /// Added at the top level.
    var top = ""
    /// Services in whose place raw connections are accepted, and handed to these.
    var replaced: [World.Service: (SimulatedClient) -> Void] = [:]
    /// A third route, to a server that speaks all of HTTP that the proxy knows: members added to it.
    var broad: String?
    /// A fourth listener, with several routes to such servers: members added to each.
    var several: String?
    var broadSeed = Seed(0)
    /// What `limits.requestBody` of all those is.
    var broadContentMax = 1 << 30
    /// This system call, counted from when the sandbox stands, fails.
    var failingCall: Int?
    /// Descriptors that the proxy believes it may have.
    var descriptorsMax = Int.max
    /// The file that events and access lines go to.
    var log = "/dev/null"
    var isTraced = false
    /// Event loops of the proxy. In the simulation all turn on one thread, one after another, on one network and one clock.
    var loops = 1
}
