/// What speaks on a connection after a 101. The connection carries its bytes, reads only while the peer takes what is
/// sent, and closes when it is done.
protocol SwitchedProtocol: AnyObject {
    /// Called once, before all else.
    /// - Parameter wake: to be called when there is something to send without anything having been received.
    func begin(wake: @escaping () -> Void)

    /// Bytes that came, in order: returns how many are done with. The others come again with more behind them, so they
    /// must never be many.
    func receive(_ bytes: Span<UInt8>) -> Int

    /// Moves what is to be sent next to the end of `bytes`, as much as is ready. Called when all before it has been sent.
    func takeOutput(into bytes: inout [UInt8])

    /// Whether nothing is to be sent any more, behind what was taken.
    var isFinished: Bool { get }

    /// The connection is over, however it ended. Called once, after all else.
    func connectionEnded()
}
