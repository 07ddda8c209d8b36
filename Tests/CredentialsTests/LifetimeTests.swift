import Credentials
import Testing
import Wire

@Suite struct LifetimeTests {
    /// Seconds that a token has, by what its answer and its claims say; nil where it is refused as expired.
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var expiresIn: Int?
        /// Seconds from the wall clock at the answer.
        var expiry: Double?
        var issued: Double?
        var date: Double?
        /// Seconds that the call took.
        var flight = 0
        var left: Double?
        var testDescription: String { name }
    }

    @Test(arguments: [
        Case(name: "neither: the default", left: 3_600),
        Case(name: "expiresIn alone", expiresIn: 600, left: 600),
        Case(name: "exp alone", expiry: 700, left: 700),
        Case(name: "both: expiresIn is earlier", expiresIn: 600, expiry: 700, issued: 0, left: 600),
        Case(name: "both: exp is earlier", expiresIn: 600, expiry: 500, issued: -1, left: 500),
        Case(name: "iat within a minute: the local clock counts", expiry: 500, issued: -59, left: 500),
        Case(name: "local clock behind", expiry: 10_600, issued: 10_000, left: 600),
        Case(name: "local clock ahead", expiry: -9_400, issued: -10_000, left: 600),
        Case(name: "local clock ahead, no iat", expiry: -9_400, left: nil),
        Case(name: "local clock ahead, expired where it was made", expiry: -10_001, issued: -10_000, left: nil),
        Case(name: "expired by a second", expiry: -1, issued: -30, left: nil),
        Case(name: "hardly anything left", expiry: 0.4, left: nil),
        Case(name: "half a second left", expiry: 0.5, left: 0.5),
        Case(name: "expiresIn counts from the sending", expiresIn: 600, flight: 7, left: 593),
        Case(name: "expired on its way", expiresIn: 5, flight: 5, left: nil),
        Case(name: "exp is absolute", expiry: 600, flight: 7, left: 600),
        Case(name: "exp − iat counts from the sending", expiry: 10_600, issued: 10_000, flight: 7, left: 593),
        Case(name: "iat is far off, and expiresIn says what exp − iat says", expiresIn: 100, expiry: -100, issued: -200, left: 100),
        Case(name: "iat is far off, and expiresIn says something else", expiresIn: 3_600, expiry: -100, issued: -200, left: nil),
        Case(name: "Date ahead, iat of the local clock", expiry: 3_600, issued: 0, date: 14_400, left: 3_600),
        Case(name: "Date long past, iat of the local clock", expiry: 3_600, issued: 0, date: -1e8, left: 3_600),
        Case(name: "local clock ahead, iat of Date", expiry: -9_400, issued: -10_000, date: -10_001, left: 601),
        Case(name: "local clock behind, iat of Date", expiry: 10_600, issued: 10_000, date: 10_001, left: 599),
        Case(name: "local clock and Date agree: an old token", expiry: 600, issued: -3_000, date: 2, left: 600),
        Case(name: "no two agree: exp − iat", expiry: 10_600, issued: 10_000, date: -5_000, flight: 7, left: 593),
        Case(name: "no two agree: a clock says less", expiry: 300, issued: -3_000, date: -5_000, left: 300),
        Case(name: "no two agree: expired by both", expiry: -100, issued: -3_000, date: 5_000, left: nil),
        Case(name: "no iat, Date ahead: the clock by which it lives", expiry: 3_600, date: 14_400, left: 3_600),
        Case(name: "no iat, Date long past: the earlier", expiry: 3_600, date: -1e8, left: 3_600),
        Case(name: "no iat, local clock ahead: the clock by which it lives", expiry: -9_400, date: -10_000, left: 600),
        Case(name: "beyond a year", expiresIn: 1_000_000_000, left: 366 * 86_400),
        Case(name: "beyond all time", expiry: 1e300, left: 366 * 86_400),
    ])
    func `the lifetime is the earlier of those told`(example: Case) {
        let machine = Machine.bloquo()
        #expect(machine.call())
        machine.now += .seconds(example.flight)
        let wall = Double(machine.wall.components.seconds)
        var claims: [String] = []
        if let expiry = example.expiry { claims.append(#""exp":\#(wall + expiry)"#) }
        if let issued = example.issued { claims.append(#""iat":\#(wall + issued)"#) }
        let token = claims.isEmpty ? "opaque" : jwt("{\(claims.joined(separator: ","))}")
        let lifetime = example.expiresIn.map { #","expiresIn":\#($0)"# } ?? ""
        let outcome = machine.answer(
            200, #"{"status":true,"result":{"accessToken":"\#(token)"\#(lifetime)}}"#, date: example.date.map { .seconds(wall + $0) })
        guard let left = example.left else {
            #expect(outcome.cause?.contains("already expired") == true)
            #expect(machine.use().isPausing)
            return
        }
        #expect(outcome == .renewed(generation: 1))
        let told = machine.cache.status(at: machine.now).expiresIn ?? .zero
        #expect(told > .seconds(left - 0.001) && told < .seconds(left + 0.001), "\(told)")
    }

    @Test func `a token that was made long before it was asked for lives no longer for it, where the endpoint confirms the clock`() {
        for (isCertain, left) in [(true, 600), (false, 3_600)] {
            let machine = Machine.bloq()
            #expect(machine.call())
            let now = machine.wall.components.seconds
            let token = jwt(#"{"iat":\#(now - 3_000),"exp":\#(now + 600)}"#)
            #expect(machine.answer(200, #"{"accessToken":"\#(token)"}"#, date: isCertain ? machine.wall : nil) == .renewed(generation: 1))
            #expect(machine.cache.status(at: machine.now).expiresIn == .seconds(left))
        }
    }

    @Test func `bloq tokens live as long as the token says`() {
        let machine = Machine.bloq()
        #expect(machine.call())
        let end = machine.wall.components.seconds + 1_234
        #expect(machine.answer(200, #"{"accessToken":"\#(jwt(#"{"exp":\#(end)}"#))"}"#) == .renewed(generation: 1))
        #expect(machine.cache.status(at: machine.now).expiresIn == .seconds(1_234))
    }

    @Test(arguments: [
        (jwt(#"{"exp":10,"iat":4.5}"#), 10.0, 4.5),
        (jwt(#"{"exp":"10"}"#), nil, nil),
        (jwt(#"{"exp":-5}"#), 0, nil),
        (jwt("{}"), nil, nil),
    ] as [(String, Double?, Double?)])
    func `the times of a JWT are read`(token: String, expiry: Double?, issued: Double?) {
        let times = read(token)
        #expect(times != nil)
        #expect(times?.expiry == expiry.map { .seconds($0) })
        #expect(times?.issued == issued.map { .seconds($0) })
    }

    @Test(arguments: [
        "", "opaque", "..", "a.b", "a..c", ".e30.c", "a.e30.c.d", "a.e30=.c", "a.!!.c", "a.W10.c", "a.eyJleHAi.c",
        "a.\(String(repeating: "e30", count: 6_000)).c",
    ])
    func `what is no JWT has no times`(token: String) {
        #expect(read(token) == nil)
    }

    private func read(_ token: String) -> JWT? {
        Secret(token).withBytes { JWT($0) }
    }
}
