extension Mistake {
    static let policies: [Mistake] = [
        Mistake(
            "a method in lower case",
            .route(#""allow": { "methods": ["get"] }"#),
            [
                #"proxy.json:3:24: routes[0].allow.methods[0]: methods are compared with their case; write "GET""#,
            ]),
        Mistake(
            "a method that is never forwarded",
            .route(#""allow": { "methods": ["GET", "TRACE"] }"#),
            [
                "proxy.json:3:31: routes[0].allow.methods[1]: TRACE is always refused; remove it",
            ]),
        Mistake(
            "no method at all",
            .route(#""allow": { "methods": [] }"#),
            [
                #"proxy.json:3:23: routes[0].allow.methods: the list is empty, so every request would be refused; write a method such as "GET" into it, or remove the key"#,
            ]),
        Mistake(
            "any host",
            .route(#""allow": { "hosts": ["*"] }"#),
            [
                #"proxy.json:3:22: routes[0].allow.hosts[0]: "*" is no host name; it has letters, digits and "-", and single dots within"#,
            ]),
        Mistake(
            "any origin",
            .route(#""allow": { "origins": ["*"] }"#),
            [
                #"proxy.json:3:24: routes[0].allow.origins[0]: "*" would let any site use the credential; write an origin such as "http://localhost:3000""#,
            ]),
        Mistake(
            "an origin with a path",
            .route(#""allow": { "origins": ["http://localhost:3000/"] }"#),
            [
                #"proxy.json:3:24: routes[0].allow.origins[0]: an origin has no path; write "http://localhost:3000""#,
            ]),
        Mistake(
            "decompression of something else",
            .route(#""decompress": "gzip""#),
            [
                "proxy.json:3:15: routes[0].decompress: a string stands here; write true or false",
            ]),
        Mistake(
            "decompression and another Accept-Encoding",
            .route(#""inject": [{ "header": "Authorization", "value": "Bearer {token}" }, { "header": "accept_encoding", "value": "br" }], "decompress": true"#),
            [
                #"proxy.json:3:133: routes[0].decompress: the route injects Accept-Encoding, which "decompress" writes itself; remove one of them"#,
            ]),
        Mistake(
            "cookies of somebody",
            .route(#""cookies": ["session"]"#),
            [
                "proxy.json:3:12: routes[0].cookies: a list stands here; write true or false",
            ]),
        Mistake(
            "cookies of clients and another Cookie",
            .route(#""inject": [{ "header": "cookie", "value": "session={token}" }], "cookies": true"#),
            [
                #"proxy.json:3:76: routes[0].cookies: the route injects Cookie, in whose place no client's goes; remove one of them"#,
            ]),
        Mistake(
            "a rate below nothing",
            .route(#""limits": { "requestsPerSecond": -1 }"#),
            [
                "proxy.json:3:34: routes[0].limits.requestsPerSecond: -1 stands here; write a whole number from 0 to 1000000",
            ]),
        Mistake(
            "a rate that is no whole number",
            .route(#""limits": { "requestsPerSecond": 0.5 }"#),
            [
                "proxy.json:3:34: routes[0].limits.requestsPerSecond: 0.5 stands here; write a whole number from 0 to 1000000",
            ]),
        Mistake(
            "a number of threads that is none",
            .top(#""admin": { "listen": "127.0.0.1:9901" }, "threads": "all""#),
            [
                #"proxy.json:4:53: threads: a string stands here; write a whole number from 1 to 64, or "auto" for one thread on each core"#,
            ]),
        Mistake(
            "a token cache without a file",
            .top(#""tokenCache": {}"#),
            [
                #"proxy.json:4:15: tokenCache.file: is missing; write the path of a file, such as "/var/lib/bearerproxy/tokens""#,
            ]),
        Mistake(
            "a token cache that is a path",
            .top(#""tokenCache": "/var/lib/tokens""#),
            [
                #"proxy.json:4:15: tokenCache: a string stands here; write { "file": "/var/lib/bearerproxy/tokens" }"#,
            ]),
        Mistake(
            "a token cache in a directory",
            .top(#""tokenCache": { "file": "/var/lib/", "mode": "0600" }"#),
            [
                #"proxy.json:4:25: tokenCache.file: "/var/lib/" is a directory; write the path of a file in it"#,
                #"proxy.json:4:38: tokenCache.mode: unknown key; the keys here are "file""#,
            ]),
        Mistake(
            "no thread",
            .top(#""threads": 0"#),
            [
                #"proxy.json:4:12: threads: 0 stands here; write a whole number from 1 to 64, or "auto" for one thread on each core"#,
            ]),
    ]
}
