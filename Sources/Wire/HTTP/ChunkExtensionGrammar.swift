/// Chunk extensions (RFC 9112 section 7.1.1), behind their first semicolon:
///
///     chunk-ext = *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )
///
/// White space right behind the chunk size is refused before this comes into play.
struct ChunkExtensionGrammar: Sendable {
    enum Outcome { case goesOn, ends, refused }

    private enum State {
        case beforeName, name, afterName
        case beforeValue, value, quoted, escaped, afterQuoted, afterValue
    }

    private var state = State.beforeName

    /// Takes in the next byte; `.ends` when it is the CR behind a whole extension.
    mutating func read(_ byte: UInt8) -> Outcome {
        switch state {
        case .quoted, .escaped: return readQuoted(byte)
        case .beforeName, .beforeValue: return readBefore(byte)
        case .name, .value: if byte.isToken { return .goesOn }
        case .afterName, .afterQuoted, .afterValue: break
        }
        return readAfter(byte)
    }

    private mutating func readBefore(_ byte: UInt8) -> Outcome {
        if byte.isWhiteSpace { return .goesOn }
        if byte.isToken {
            state = state == .beforeName ? .name : .value
            return .goesOn
        }
        guard state == .beforeValue, byte == UInt8(ascii: "\"") else { return .refused }
        state = .quoted
        return .goesOn
    }

    /// quoted-string (RFC 9110 section 5.6.4)
    private mutating func readQuoted(_ byte: UInt8) -> Outcome {
        guard byte.isFieldValue else { return .refused }
        if state == .escaped {
            state = .quoted
        } else if byte == UInt8(ascii: "\\") {
            state = .escaped
        } else if byte == UInt8(ascii: "\"") {
            state = .afterQuoted
        }
        return .goesOn
    }

    /// Behind a name or a value, with white space in between or not.
    private mutating func readAfter(_ byte: UInt8) -> Outcome {
        let isName = state == .name || state == .afterName
        let hasSpace = state == .afterName || state == .afterValue
        switch byte {
        case .space, .tab:
            state = isName ? .afterName : .afterValue
            return .goesOn
        case UInt8(ascii: ";"):
            state = .beforeName
            return .goesOn
        case UInt8(ascii: "=") where isName:
            state = .beforeValue
            return .goesOn
        // White space at the end of the line belongs to no extension.
        case .carriageReturn where !hasSpace: return .ends
        default: return .refused
        }
    }
}
