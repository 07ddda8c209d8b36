/// What the descriptors that a process may have are for: connections, and a rest that no connection ever takes.
struct DescriptorBudget: Equatable {
    /// Connections of clients and to upstreams at one time.
    let socketsMax: Int
    /// Clients that are served at one time. Each may need a connection to an upstream.
    let clientsMax: Int
    /// Clients that are being told that there are too many, besides.
    let refusalsMax: Int
    private let descriptorsMax: Int
    private let listenersMax: Int

    /// `listenersMax`: listeners that may be open. `clientsMax`: as many are to be served if the descriptors suffice.
    init(descriptorsMax: Int, listenersMax: Int, clientsMax wanted: Int) {
        self.descriptorsMax = descriptorsMax
        self.listenersMax = listenersMax
        let reserve = min(Limits.descriptorReserve + listenersMax, descriptorsMax / 2)
        socketsMax = max(2, descriptorsMax - reserve)
        refusalsMax = min(Limits.refusalsMax, socketsMax / 8)
        clientsMax = min(wanted, max(1, (socketsMax - refusalsMax) / 2))
    }

    /// With a reserve for so many listeners: what connections have is never more than at first.
    func reserving(_ listenersMax: Int) -> DescriptorBudget {
        guard listenersMax > self.listenersMax else { return self }
        return DescriptorBudget(descriptorsMax: descriptorsMax, listenersMax: listenersMax, clientsMax: clientsMax)
    }

    /// Descriptors of listeners, and of whatever else is not a connection's, where there are so many loops.
    static func listenersMax(_ configuration: Configuration, loopCount: Int) -> Int {
        configuration.routes.count * 2 * loopCount + (loopCount - 1) * Limits.loopDescriptors
            + (configuration.admin == nil ? 0 : 2 + Limits.adminConnectionsMax)
    }
}
