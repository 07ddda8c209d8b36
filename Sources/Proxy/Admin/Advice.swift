/// What to do about a fault, for those codes whose message does not say it.
enum Advice {
    static func text(for code: String) -> String? {
        switch code {
        case "upstream_unreachable":
            "see that the host is up, that its name resolves on this machine, and that no firewall is in between"
        case "upstream_tls":
            "compare the certificate's names, dates and authority with the route's upstream and tls; the machine's clock has to be right, too"
        case "upstream_timeout": "see whether the provider is slow; if it is meant to take so long, raise the route's timeouts"
        case "upstream_protocol": "ask the provider: its answer cannot be trusted as it is"
        case "broken_off": "ask the provider if it happens often: the client saw that its answer was not whole"
        case "credential_unavailable", "auth_timeout", "no_token":
            "see that the credential's secrets are the provider's present ones, that its token service has this address, and that it can be reached; "
                + "it is tried again by itself"
        case "token_refused":
            "see that the token is of this API and may do what was asked for; a static one may have run out or been revoked: replace its secret's file"
        case "overloaded": "see what takes so long upstream; raise limits.concurrency, limits.queue or limits.connections if the machine has room"
        case "forbidden", "method_refused": "if the request is meant to pass, change what the message names in the route"
        case "no_route", "misdirected": "compare the request's address with the routes' listen, pathPrefix and host"
        case "reload_refused": "correct the file, see what bearerproxy check says, and reload it again; what has to stay needs a restart"
        case "rate_limited": "slow the client down, or raise limits.requestsPerSecond"
        case "bad_request", "head_too_large", "uri_too_long", "not_implemented", "version_not_supported", "request_timeout", "expectation_failed":
            "look at the client: what it sends cannot be forwarded safely"
        case "content_too_large": "raise limits.requestBody of the route if such contents are meant to pass"
        default: nil
        }
    }
}
