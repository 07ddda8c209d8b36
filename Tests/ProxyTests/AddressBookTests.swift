import EventLoop
import Testing

@testable import Proxy

/// How long addresses serve, which is tried first, and which are gone.
@Suite struct AddressBookTests {
    private static let four = SocketAddress.ipv4(0x0A00_0001, port: 443)
    private static let otherFour = SocketAddress.ipv4(0x0A00_0002, port: 443)
    private static let six = SocketAddress.ipv6(high: 1, low: 1, port: 443, scope: 0)
    private static let otherSix = SocketAddress.ipv6(high: 1, low: 2, port: 443, scope: 0)

    private static func book(_ addresses: [SocketAddress], at now: Instant = .zero) -> AddressBook {
        var book = AddressBook(fixed: nil)
        _ = book.learned(addresses, at: now)
        return book
    }

    @Test func `addresses are fresh, then stale, then unknown`() {
        #expect(AddressBook(fixed: nil).state(at: .zero) == .unknown)
        let book = Self.book([Self.four])
        let end: Instant = .zero + Limits.resolutionLifetime + Limits.staleResolutionMax
        #expect(book.state(at: .zero + Limits.resolutionLifetime - .milliseconds(1)) == .fresh)
        #expect(book.state(at: .zero + Limits.resolutionLifetime) == .stale)
        #expect(book.state(at: end - Interval.milliseconds(1)) == .stale)
        #expect(book.state(at: end) == .unknown)
    }

    @Test func `a failed look-up leaves the addresses, and is not made again at once`() {
        var book = Self.book([Self.four])
        let late = Instant.seconds(3600)
        let isServed = book.lookUpFailed(at: late)
        #expect(isServed)
        #expect(book.state(at: late) == .fresh && book.candidates(at: late) == [Self.four])
        #expect(book.state(at: late + Limits.resolutionLifetime) == .unknown)
        var empty = AddressBook(fixed: nil)
        let isEmptyServed = empty.lookUpFailed(at: late)
        #expect(!isEmptyServed && empty.state(at: late) == .unknown)
    }

    @Test func `addresses of which none was reached serve no more, but one in numbers does`() {
        var book = Self.book([Self.four])
        book.unreachable(at: .seconds(1))
        #expect(book.state(at: .seconds(1)) == .unknown)
        var fixed = AddressBook(fixed: Self.four)
        fixed.unreachable(at: .seconds(1))
        #expect(fixed.state(at: .seconds(100_000_000)) == .fresh)
        #expect(fixed.candidates(at: .seconds(1)) == [Self.four] && !fixed.isGone(Self.four))
    }

    @Test func `the address that was reached is tried first for a while, or one of its family`() {
        var book = Self.book([Self.six, Self.four, Self.otherSix, Self.otherFour])
        book.prefer(Self.otherFour, at: .zero)
        #expect(book.candidates(at: .seconds(1)) == [Self.otherFour, Self.six, Self.four, Self.otherSix])
        _ = book.learned([Self.otherSix, Self.six, Self.four], at: .seconds(1))
        #expect(book.candidates(at: .seconds(2)) == [Self.four, Self.otherSix, Self.six])
        #expect(book.candidates(at: .zero + Limits.preferenceLifetime) == [Self.otherSix, Self.six, Self.four])
        book.unreachable(at: .seconds(3))
        #expect(book.candidates(at: .seconds(3)) == [Self.otherSix, Self.six, Self.four])
    }

    @Test func `an address that is in every other answer is not gone, and one that is in none for long is`() {
        var book = Self.book([Self.four])
        var time = Instant.zero
        for number in 0..<100 {
            time = time + Limits.resolutionLifetime
            let hasGone = book.learned(number % 2 == 0 ? [Self.six] : [Self.four], at: time)
            #expect(!hasGone && !book.isGone(Self.four) && !book.isGone(Self.six))
        }
        let lastSeen = time
        while !book.isGone(Self.four), time < lastSeen + .seconds(3600) {
            time = time + Limits.resolutionLifetime
            let hasGone = book.learned([Self.six], at: time)
            #expect(hasGone == book.isGone(Self.four))
        }
        #expect(time == lastSeen + Limits.goneAddressGrace)
    }

    @Test func `a long answer is cut, and many answers are not remembered for ever`() {
        var book = AddressBook(fixed: nil)
        for number in 0..<UInt32(100) {
            _ = book.learned((0..<30).map { .ipv4(number * 30 + $0, port: 1) }, at: .seconds(1))
        }
        #expect(book.candidates(at: .seconds(1)).count == Limits.addressesMax)
        let known = (0..<UInt32(3000)).count { !book.isGone(.ipv4($0, port: 1)) }
        #expect(known == Limits.sightingsMax)
    }
}
