import Wire

/// Bytes of a request head and what they have to mean.
struct RequestVector: Sendable, CustomStringConvertible {
    let name: String
    let bytes: [UInt8]
    let expected: Outcome<RequestMeaning>

    var description: String { name }

    static func accept(
        _ name: String, _ text: String, method: Wire.Method = .get, form: RequestTarget.Form = .origin, path: String = "/",
        query: String? = nil, authority: String? = nil, minor: UInt8 = 1, framing: BodyFraming = .none,
        persistent: Bool = true, continues: Bool = false, upgrade: Bool = false, fields: [String]? = nil
    ) -> RequestVector {
        let meaning = RequestMeaning(
            method: method, form: form, path: path, query: query, authority: authority, minorVersion: minor,
            framing: framing, isPersistent: persistent, expectsContinue: continues, hasUpgrade: upgrade, fields: fields)
        return RequestVector(
            name: name, bytes: latin1(text), expected: .accepted(meaning, count: text.unicodeScalars.count))
    }

    static func refuse(_ name: String, _ text: String, _ error: MessageError) -> RequestVector {
        RequestVector(name: name, bytes: latin1(text), expected: .refused(error))
    }
}

/// What reading a head led to.
enum Outcome<Meaning: Equatable & Sendable>: Equatable, Sendable {
    case incomplete
    case accepted(Meaning, count: Int)
    case refused(MessageError)
}

struct RequestMeaning: Equatable, Sendable {
    var method: Wire.Method
    var form: RequestTarget.Form
    var path: String
    var query: String?
    var authority: String?
    var minorVersion: UInt8
    var framing: BodyFraming
    var isPersistent: Bool
    var expectsContinue: Bool
    var hasUpgrade: Bool
    /// Each line as `name=value`; nil in a vector that does not look at them.
    var fields: [String]?

    init(
        method: Wire.Method, form: RequestTarget.Form, path: String, query: String?, authority: String?,
        minorVersion: UInt8, framing: BodyFraming, isPersistent: Bool, expectsContinue: Bool, hasUpgrade: Bool,
        fields: [String]?
    ) {
        self.method = method
        self.form = form
        self.path = path
        self.query = query
        self.authority = authority
        self.minorVersion = minorVersion
        self.framing = framing
        self.isPersistent = isPersistent
        self.expectsContinue = expectsContinue
        self.hasUpgrade = hasUpgrade
        self.fields = fields
    }

    init(_ head: borrowing RequestHead, _ bytes: [UInt8], withFields: Bool) {
        let target = head.target
        self.init(
            method: head.method, form: target.form, path: latin1(bytes[target.path]),
            query: target.query.map { latin1(bytes[$0]) }, authority: target.authority.map { latin1(bytes[$0]) },
            minorVersion: head.minorVersion, framing: head.framing, isPersistent: head.isPersistent,
            expectsContinue: head.expectsContinue, hasUpgrade: head.hasUpgrade, fields: nil)
        guard withFields else { return }
        var fields: [String] = []
        for index in 0..<head.fieldCount {
            let line = head.field(at: index)
            fields.append(latin1(bytes[line.nameRange]) + "=" + latin1(bytes[line.valueRange]))
        }
        self.fields = fields
    }
}

extension RequestHead {
    /// Reads the first `count` of `bytes` and tells what came of it.
    mutating func outcome(_ bytes: [UInt8], first count: Int, withFields: Bool = false) -> Outcome<RequestMeaning> {
        do throws(MessageError) {
            guard let end = try parse(bytes.span.extracting(first: count)) else { return .incomplete }
            return .accepted(RequestMeaning(self, bytes, withFields: withFields), count: end)
        } catch {
            return .refused(error)
        }
    }
}

/// One byte for each scalar, so that a literal can hold any byte.
func latin1(_ text: String) -> [UInt8] {
    text.unicodeScalars.map { UInt8($0.value) }
}

func latin1(_ bytes: some Sequence<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    for byte in bytes { text.append(Unicode.Scalar(byte)) }
    return String(text)
}
