internal import Credentials

/// Renders the field lines that a route adds.
enum Injector {
    /// Each as `name: value CRLF`, with the credential's present token in its place, between what stands around them.
    static func render(
        _ injections: [Injection], credential: CredentialState, behind first: [UInt8] = [], before last: StaticString = ""
    ) -> Secret {
        var lines: [UInt8] = []
        // It does not grow, so no token stays behind in memory that was given back.
        lines.reserveCapacity(Limits.injectedBytesMax + first.count + last.utf8CodeUnitCount)
        lines.append(contentsOf: first)
        for injection in injections {
            lines.append(contentsOf: injection.name.utf8)
            lines.append(contentsOf: ": ".utf8)
            for piece in injection.value { append(piece, of: credential, to: &lines) }
            lines.append(contentsOf: "\r\n".utf8)
        }
        last.withUTF8Buffer { lines.append(contentsOf: $0) }
        let secret = Secret(lines)
        for index in lines.indices { lines[index] = 0 }
        return secret
    }

    private static func append(_ piece: Injection.Piece, of credential: CredentialState, to lines: inout [UInt8]) {
        switch piece {
        case .literal(let bytes):
            lines.append(contentsOf: bytes)
        case .token:
            let isThere: Void? = credential.cache.withToken { token in
                for index in 0..<token.count { lines.append(token[index]) }
            }
            precondition(isThere != nil, "a field was rendered without its token")
        case .customerId:
            guard let customerId = credential.customerId else {
                preconditionFailure("the configuration lets only a bloquo credential inject {customerId}")
            }
            customerId.withBytes { bytes in
                for index in 0..<bytes.count { lines.append(bytes[index]) }
            }
        }
    }
}
