/// Why Bloquo refuses a request.
enum BloquoFault: Error {
    case invalid(String)
    case forbidden(String)
    case notFound(String)
    case conflict(String)
    case gone(String)
    case full

    var response: Response {
        switch self {
        case .invalid(let message): Bloquo.failure(message, status: 400)
        case .forbidden(let message): Bloquo.failure(message, status: 403)
        case .notFound(let message): Bloquo.failure(message, status: 404)
        case .conflict(let message): Bloquo.failure(message, status: 409)
        case .gone(let message): Bloquo.failure(message, status: 410)
        case .full: Bloquo.failure("The sandbox's books are full; restart it", status: 503)
        }
    }
}
