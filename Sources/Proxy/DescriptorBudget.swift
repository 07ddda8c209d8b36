/// What the descriptors that a process may have are for: connections, and a rest that no connection ever takes.
struct DescriptorBudget: Equatable {
    /// Connections of clients and to upstreams at one time.
    let socketsMax: Int
    /// Clients that are served at one time. Each may need a connection to an upstream.
    let clientsMax: Int
    /// Clients that are being told that there are too many, besides.
    let refusalsMax: Int

    /// `listenersMax`: listeners that may be open. `clientsMax`: as many are to be served if the descriptors suffice.
    init(descriptorsMax: Int, listenersMax: Int, clientsMax wanted: Int) {
        let reserve = min(Limits.descriptorReserve + listenersMax, descriptorsMax / 2)
        socketsMax = max(2, descriptorsMax - reserve)
        refusalsMax = min(Limits.refusalsMax, socketsMax / 8)
        clientsMax = min(wanted, max(1, (socketsMax - refusalsMax) / 2))
    }
}
