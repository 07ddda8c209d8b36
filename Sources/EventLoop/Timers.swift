/// Names a timer of a loop.
public struct TimerID: Equatable, Sendable {
    let index: Int32
    /// No timer.
    public static let none = TimerID(index: -1)
}

/// A wheel of timers: each connection has one, and moves its deadline with every request.
///
/// A timer sits in the slot of its deadline, or in the farthest slot where the deadline is more than one turn of the
/// wheel away. To move a deadline later is only to note it: when the wheel comes to the slot, the timer is put
/// where it belongs by then. So a request that moves a timeout of a minute costs a comparison.
struct Timers: ~Copyable {
    private struct Node {
        var deadline = Duration.zero
        /// When the wheel comes to its slot.
        var visit = Duration.zero
        var token: UInt64 = 0
        var previous: Int32 = -1
        var next: Int32 = -1
        /// The slot it is in; -1 when it is in none.
        var slot: Int32 = -1
        var isArmed = false
        /// Its deadline has passed, and it has not been told yet.
        var isDue = false
    }

    private var nodes: [Node] = []
    private var free: [Int32] = []
    private var heads = [Int32](repeating: -1, count: Limits.timerSlots)
    /// A bit for each slot that has timers.
    private var occupied = [UInt64](repeating: 0, count: Limits.timerSlots / 64)
    /// The next tick to be visited.
    private var tick = 0
    /// Timers that are armed.
    private(set) var armedCount = 0

    mutating func make(token: UInt64) -> TimerID {
        if let index = free.popLast() {
            nodes[Int(index)] = Node(token: token)
            return TimerID(index: index)
        }
        nodes.append(Node(token: token))
        return TimerID(index: Int32(nodes.count - 1))
    }

    mutating func remove(_ timer: TimerID) {
        disarm(timer)
        if nodes[Int(timer.index)].slot >= 0 { unlink(timer.index) }
        free.append(timer.index)
    }

    mutating func arm(_ timer: TimerID, at deadline: Duration, now: Duration) {
        let index = Int(timer.index)
        nodes[index].isDue = false
        if !nodes[index].isArmed {
            nodes[index].isArmed = true
            armedCount += 1
        }
        nodes[index].deadline = deadline
        if nodes[index].slot >= 0 {
            if nodes[index].visit <= deadline { return }
            unlink(timer.index)
        }
        link(timer.index, now: now)
    }

    /// The timer stays in its slot, and is passed over when the wheel comes there.
    mutating func disarm(_ timer: TimerID) {
        nodes[Int(timer.index)].isDue = false
        guard nodes[Int(timer.index)].isArmed else { return }
        nodes[Int(timer.index)].isArmed = false
        armedCount -= 1
    }

    /// When the wheel has to be looked at next; nil when no timer is armed.
    var nextVisit: Duration? {
        guard armedCount > 0 else { return nil }
        let mask = Limits.timerSlots - 1
        var distance = 0
        while distance < Limits.timerSlots {
            let slot = (tick + distance) & mask
            let word = occupied[slot >> 6] >> UInt64(slot & 63)
            if word != 0 { return Self.time(tick + distance + word.trailingZeroBitCount) }
            distance += 64 - (slot & 63)
        }
        return nil
    }

    /// Appends all timers whose deadline has passed, and disarms them. `claim` tells whether each still is to be told.
    mutating func expire(now: Duration, into due: inout [(timer: TimerID, token: UInt64)]) {
        let current = Self.ticks(now)
        if current - tick >= Limits.timerSlots { tick = current - Limits.timerSlots + 1 }
        while tick <= current {
            let slot = tick & (Limits.timerSlots - 1)
            tick += 1
            if occupied[slot >> 6] & (1 << UInt64(slot & 63)) == 0 { continue }
            visit(slot: slot, now: now, into: &due)
        }
    }

    /// Whether a timer that expired is still to be told: what was told before it may have disarmed or moved it.
    mutating func claim(_ timer: TimerID) -> Bool {
        defer { nodes[Int(timer.index)].isDue = false }
        return nodes[Int(timer.index)].isDue
    }

    private mutating func visit(slot: Int, now: Duration, into due: inout [(timer: TimerID, token: UInt64)]) {
        var index = heads[slot]
        while index >= 0 {
            let node = nodes[Int(index)]
            unlink(index)
            if node.isArmed {
                if node.deadline <= now {
                    nodes[Int(index)].isArmed = false
                    nodes[Int(index)].isDue = true
                    armedCount -= 1
                    due.append((TimerID(index: index), node.token))
                } else {
                    link(index, now: now)
                }
            }
            index = node.next
        }
    }

    private mutating func link(_ index: Int32, now: Duration) {
        let deadlineTick = Self.ticks(nodes[Int(index)].deadline) + 1
        let farthest = max(tick, Self.ticks(now)) + Limits.timerSlots - 1
        let target = max(tick, min(deadlineTick, farthest))
        let slot = target & (Limits.timerSlots - 1)
        nodes[Int(index)].visit = Self.time(target)
        nodes[Int(index)].slot = Int32(slot)
        nodes[Int(index)].previous = -1
        nodes[Int(index)].next = heads[slot]
        if heads[slot] >= 0 { nodes[Int(heads[slot])].previous = index }
        heads[slot] = index
        occupied[slot >> 6] |= 1 << UInt64(slot & 63)
    }

    private mutating func unlink(_ index: Int32) {
        let node = nodes[Int(index)]
        let slot = Int(node.slot)
        if node.previous >= 0 { nodes[Int(node.previous)].next = node.next } else { heads[slot] = node.next }
        if node.next >= 0 { nodes[Int(node.next)].previous = node.previous }
        if heads[slot] < 0 { occupied[slot >> 6] &= ~(1 << UInt64(slot & 63)) }
        nodes[Int(index)].slot = -1
    }

    /// Whole ticks in a time since the loop began.
    private static func ticks(_ time: Duration) -> Int {
        Int(truncatingIfNeeded: time.attoseconds >> Limits.timerTickShift)
    }

    private static func time(_ ticks: Int) -> Duration {
        Duration(attoseconds: Int128(ticks) << Limits.timerTickShift)
    }
}
