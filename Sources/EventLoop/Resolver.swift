internal import CLinux
internal import Glibc

/// Looks names up with getaddrinfo, which blocks: the work of threads of its own.
enum Resolver {
    typealias Answer = Result<[SocketAddress], ResolutionError>

    struct Question: Sendable {
        let host: String
        let port: UInt16
    }

    /// The addresses in getaddrinfo's order (RFC 6724), the families taking turns (RFC 8305, section 4).
    static func lookUp(_ question: Question) -> Answer {
        let host = question.host
        guard !host.utf8.contains(0) else {
            return .failure(ResolutionError(host: host, reason: "a name has no NUL"))
        }
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(question.port), &hints, &list)
        guard code == 0 else {
            let reason = code == EAI_SYSTEM ? SystemError.text(for: errno) : String(cString: gai_strerror(code))
            return .failure(ResolutionError(host: host, reason: reason))
        }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var entry = list
        while let current = entry {
            if let address = current.pointee.ai_addr.flatMap({ SocketAddress(systemForm: $0) }),
                !addresses.contains(address)
            {
                addresses.append(address)
            }
            entry = current.pointee.ai_next
        }
        guard let first = addresses.first else {
            return .failure(ResolutionError(host: host, reason: "the name has no address"))
        }
        let preferred = addresses.filter { $0.family == first.family }
        let others = addresses.filter { $0.family != first.family }
        return .success(interleave(preferred, others))
    }

    /// For a question that no thread will come to.
    static func refusal(_ question: Question, _ reason: String) -> Answer {
        .failure(ResolutionError(host: question.host, reason: reason))
    }

    private static func interleave(_ first: [SocketAddress], _ second: [SocketAddress]) -> [SocketAddress] {
        var result: [SocketAddress] = []
        for index in 0..<max(first.count, second.count) {
            if index < first.count { result.append(first[index]) }
            if index < second.count { result.append(second[index]) }
        }
        return result
    }
}
