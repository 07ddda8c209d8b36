import Wire

/// What a message says: of requests and of responses alike, as far as they have it.
struct MessageFacts: Equatable, Sendable {
    var method = "GET"
    var form = "origin"
    var path = "/"
    var query: String?
    var authority: String?
    var continues = false
    var status = 200
    var reason = "OK"
    var minor = 1
    /// `none`, `chunked`, `untilClose`, or a length in bytes.
    var framing: String
    var persistent = true
    var upgrade = false
    /// Each line as `name=value`; nil in a case that does not look at them.
    var fields: [String]?
    var content = ""

    /// What is meant where a table says nothing else.
    static let request = MessageFacts(framing: "none")
    static let response = MessageFacts(framing: "untilClose")

    private init(framing: String) {
        self.framing = framing
    }

    /// What a table says of a message.
    init(_ json: JSON, standard: MessageFacts) {
        self = standard
        method = json["method"]?.string ?? method
        form = json["form"]?.string ?? form
        path = json["path"]?.string ?? path
        query = json["query"]?.string
        authority = json["authority"]?.string
        continues = json["continues"]?.bool ?? continues
        status = json["status"]?.int ?? status
        reason = json["reason"]?.string ?? reason
        minor = json["minor"]?.int ?? minor
        framing = json["framing"]?.string ?? json["framing"]?.int.map(String.init) ?? framing
        persistent = json["persistent"]?.bool ?? persistent
        upgrade = json["upgrade"]?.bool ?? upgrade
        fields = json["fields"]?.array?.compactMap(\.string)
        content = json["content"]?.string ?? content
    }

    /// What the parser says of the request in `bytes`.
    init(_ head: borrowing RequestHead, _ bytes: [UInt8], withFields: Bool) {
        self = .request
        let target = head.target
        method = latin1(bytes[head.methodRange])
        form = "\(target.form)"
        path = latin1(bytes[target.path])
        query = target.query.map { latin1(bytes[$0]) }
        authority = target.authority.map { latin1(bytes[$0]) }
        continues = head.expectsContinue
        minor = Int(head.minorVersion)
        framing = Self.name(head.framing)
        persistent = head.isPersistent
        upgrade = head.hasUpgrade
        guard withFields else { return }
        var fields: [String] = []
        for index in 0..<head.fieldCount {
            let line = head.field(at: index)
            fields.append(latin1(bytes[line.nameRange]) + "=" + latin1(bytes[line.valueRange]))
        }
        self.fields = fields
    }

    /// What the parser says of the response in `bytes`, which answers a request with that method.
    init(_ head: borrowing ResponseHead, _ bytes: [UInt8], answering method: Wire.Method) throws(MessageError) {
        self = .response
        status = head.status
        reason = latin1(bytes[head.reason])
        minor = Int(head.minorVersion)
        framing = Self.name(try head.framing(answering: method))
        persistent = head.isPersistent
        upgrade = head.hasUpgrade
    }

    private static func name(_ framing: BodyFraming) -> String {
        switch framing {
        case .none: "none"
        case .length(let count): String(count)
        case .chunked: "chunked"
        case .untilClose: "untilClose"
        }
    }
}

extension Wire.Method {
    /// The method that a table names.
    init(named name: String) {
        let known: [String: Wire.Method] = [
            "GET": .get, "HEAD": .head, "POST": .post, "PUT": .put, "PATCH": .patch, "DELETE": .delete,
            "OPTIONS": .options, "TRACE": .trace, "CONNECT": .connect,
        ]
        self = known[name] ?? .other
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
