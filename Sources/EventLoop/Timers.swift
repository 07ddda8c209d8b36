/// A wheel of timers: each connection has one, and moves its deadline with every request.
///
/// A timer sits in the slot of its deadline, or in the farthest slot where the deadline is more than one turn of the
/// wheel away. To move a deadline later is only to note it: when the wheel comes to the slot, the timer is put
/// where it belongs by then. So a request that moves a timeout of a minute costs a comparison.
struct Timers: ~Copyable {
    /// 32 bytes: each idle connection has one.
    private struct Node {
        /// `disarmed`, `due`, or when it is to fire.
        var deadline = Timers.disarmed
        /// When the wheel comes to its slot; `nowhere` when it is in none.
        var visitTick = Timers.nowhere
        var token: UInt64
        var previous: Int32 = -1
        /// In its slot; of one that was given back, the next of these.
        var next: Int32 = -1
    }

    private static var disarmed: Instant { .never }
    /// The deadline has passed, and that has not been told yet.
    private static var due: Instant { Instant(nanoseconds: .min) }
    private static var nowhere: Int64 { -1 }
    private static var mask: Int64 { Int64(Limits.timerSlots) - 1 }

    private var nodes: UnsafeMutablePointer<Node>
    private var nodeCount: Int32 = 0
    private var nodeCapacity: Int32
    private var free: Int32 = -1
    private let heads: UnsafeMutablePointer<Int32>
    /// A bit for each slot that has timers.
    private let occupied: UnsafeMutablePointer<UInt64>
    /// The next tick to be visited.
    private var tick: Int64 = 0
    /// No slot that has timers is visited before.
    private var soonestTick: Int64 = 0
    /// Timers that are armed.
    private(set) var armedCount = 0

    init() {
        nodeCapacity = 64
        nodes = .allocate(capacity: Int(nodeCapacity))
        heads = .allocate(capacity: Limits.timerSlots)
        heads.initialize(repeating: -1, count: Limits.timerSlots)
        occupied = .allocate(capacity: Limits.timerSlots / 64)
        occupied.initialize(repeating: 0, count: Limits.timerSlots / 64)
    }

    deinit {
        nodes.deallocate()
        heads.deallocate()
        occupied.deallocate()
    }

    mutating func make(token: UInt64) -> TimerID {
        if free < 0 { addNode() }
        let index = free
        free = nodes[Int(index)].next
        nodes[Int(index)] = Node(token: token)
        return TimerID(index: index)
    }

    mutating func remove(_ timer: TimerID) {
        disarm(timer)
        if node(timer).pointee.visitTick >= 0 { unlink(timer.index) }
        node(timer).pointee.next = free
        free = timer.index
    }

    mutating func arm(_ timer: TimerID, at deadline: Instant, now: Instant) {
        let node = node(timer)
        if !Self.isArmed(node.pointee.deadline) { armedCount += 1 }
        node.pointee.deadline = min(deadline, Instant(nanoseconds: .max - 1))
        if node.pointee.visitTick >= 0 {
            if Self.time(node.pointee.visitTick) <= deadline { return }
            unlink(timer.index)
        }
        link(timer.index, now: now)
    }

    /// The timer stays in its slot, and is passed over when the wheel comes there.
    mutating func disarm(_ timer: TimerID) {
        let node = node(timer)
        if Self.isArmed(node.pointee.deadline) { armedCount -= 1 }
        node.pointee.deadline = Self.disarmed
    }

    /// When the wheel has to be looked at next; nil when no timer is armed.
    mutating func nextVisit() -> Instant? {
        guard armedCount > 0 else { return nil }
        soonestTick = max(soonestTick, tick)
        while soonestTick < tick + Int64(Limits.timerSlots) {
            let slot = Int(soonestTick & Self.mask)
            let word = occupied[slot >> 6] >> UInt64(slot & 63)
            if word != 0 {
                soonestTick += Int64(word.trailingZeroBitCount)
                return Self.time(soonestTick)
            }
            soonestTick += 64 - Int64(slot & 63)
        }
        return nil
    }

    /// Appends all timers whose deadline has passed, and disarms them. `claim` tells whether each still is to be told.
    mutating func expire(now: Instant, into due: inout [(timer: TimerID, token: UInt64)]) {
        let current = Self.ticks(now)
        if current - tick >= Limits.timerSlots { tick = current - Int64(Limits.timerSlots) + 1 }
        while tick <= current {
            let slot = Int(tick & Self.mask)
            tick += 1
            if occupied[slot >> 6] & (1 << UInt64(slot & 63)) == 0 { continue }
            visit(slot: slot, now: now, into: &due)
        }
    }

    /// Whether a timer that expired is still to be told: what was told before it may have disarmed or moved it.
    mutating func claim(_ timer: TimerID) -> Bool {
        guard node(timer).pointee.deadline == Self.due else { return false }
        node(timer).pointee.deadline = Self.disarmed
        return true
    }

    private mutating func visit(slot: Int, now: Instant, into due: inout [(timer: TimerID, token: UInt64)]) {
        var index = heads[slot]
        while index >= 0 {
            let node = nodes[Int(index)]
            unlink(index)
            if Self.isArmed(node.deadline) {
                if node.deadline <= now {
                    nodes[Int(index)].deadline = Self.due
                    armedCount -= 1
                    due.append((TimerID(index: index), node.token))
                } else {
                    link(index, now: now)
                }
            }
            index = node.next
        }
    }

    private mutating func link(_ index: Int32, now: Instant) {
        let node = nodes + Int(index)
        let deadlineTick = Self.ticks(node.pointee.deadline) + 1
        let farthest = max(tick, Self.ticks(now)) + Int64(Limits.timerSlots) - 1
        let target = max(tick, min(deadlineTick, farthest))
        let slot = Int(target & Self.mask)
        node.pointee.visitTick = target
        node.pointee.previous = -1
        node.pointee.next = heads[slot]
        if heads[slot] >= 0 { nodes[Int(heads[slot])].previous = index }
        heads[slot] = index
        occupied[slot >> 6] |= 1 << UInt64(slot & 63)
        soonestTick = min(soonestTick, target)
    }

    private mutating func unlink(_ index: Int32) {
        let node = nodes[Int(index)]
        let slot = Int(node.visitTick & Self.mask)
        if node.previous >= 0 { nodes[Int(node.previous)].next = node.next } else { heads[slot] = node.next }
        if node.next >= 0 { nodes[Int(node.next)].previous = node.previous }
        if heads[slot] < 0 { occupied[slot >> 6] &= ~(1 << UInt64(slot & 63)) }
        nodes[Int(index)].visitTick = Self.nowhere
    }

    private func node(_ timer: TimerID) -> UnsafeMutablePointer<Node> {
        precondition(timer.index >= 0 && timer.index < nodeCount, "a timer was used that was never made")
        return nodes + Int(timer.index)
    }

    private mutating func addNode() {
        if nodeCount == nodeCapacity {
            let larger = UnsafeMutablePointer<Node>.allocate(capacity: Int(nodeCapacity) * 2)
            larger.moveInitialize(from: nodes, count: Int(nodeCount))
            nodes.deallocate()
            nodes = larger
            nodeCapacity *= 2
        }
        (nodes + Int(nodeCount)).initialize(to: Node(token: 0))
        free = nodeCount
        nodeCount += 1
    }

    private static func isArmed(_ deadline: Instant) -> Bool { deadline != disarmed && deadline != due }

    /// Whole ticks in a time since the loop began.
    private static func ticks(_ time: Instant) -> Int64 { time.nanoseconds >> Limits.timerTickShift }

    private static func time(_ ticks: Int64) -> Instant { Instant(nanoseconds: ticks << Limits.timerTickShift) }
}
