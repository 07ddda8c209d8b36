/// A JSON text (RFC 8259) whose strings may be secrets.
public indirect enum CallJSON<Source: Sendable>: Sendable {
    public struct Member: Sendable {
        public let key: String
        public let value: CallJSON<Source>

        public init(_ key: String, _ value: CallJSON<Source>) {
            self.key = key
            self.value = value
        }
    }

    case null
    case bool(Bool)
    /// As it is to stand in the text: number of RFC 8259 6.
    case number(String)
    case string(CallValue<Source>)
    case array([CallJSON])
    case object([Member])

    /// The strings, in the order of the text.
    var values: [CallValue<Source>] {
        switch self {
        case .null, .bool, .number: []
        case .string(let value): [value]
        case .array(let elements): elements.flatMap(\.values)
        case .object(let members): members.flatMap(\.value.values)
        }
    }

    func map<Other: Sendable>(_ transform: (Source) -> Other) -> CallJSON<Other> {
        switch self {
        case .null: .null
        case .bool(let bool): .bool(bool)
        case .number(let text): .number(text)
        case .string(let value): .string(value.map(transform))
        case .array(let elements): .array(elements.map { $0.map(transform) })
        case .object(let members): .object(members.map { CallJSON<Other>.Member($0.key, $0.value.map(transform)) })
        }
    }
}

extension CallJSON: Equatable where Source: Equatable {}
extension CallJSON.Member: Equatable where Source: Equatable {}
