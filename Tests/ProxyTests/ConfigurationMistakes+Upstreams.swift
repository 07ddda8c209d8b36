extension Mistake {
    static let upstreams: [Mistake] = [
        Mistake(
            "no scheme",
            .upstream("btc.connect.bloq.cloud"),
            [
                #"proxy.json:2:56: routes[0].upstream: "btc.connect.bloq.cloud" has no scheme; write "https://btc.connect.bloq.cloud""#,
            ]),
        Mistake(
            "another scheme",
            .upstream("wss://btc.connect.bloq.cloud"),
            [
                #"proxy.json:2:56: routes[0].upstream: "wss" is no scheme of an upstream; write "https://…""#,
            ]),
        Mistake(
            "clear text to another machine",
            .upstream("http://btc.connect.bloq.cloud:8332/x/"),
            [
                #"proxy.json:2:56: routes[0].upstream: over http the token would travel in clear; write "https://btc.connect.bloq.cloud:8332/x""#,
            ]),
        Mistake(
            "a password in the URL",
            .upstream("https://me:hunter2@a.example"),
            [
                #"proxy.json:2:56: routes[0].upstream: a URL with "@" would hold a user name or password; remove it and name a credential instead"#,
            ]),
        Mistake(
            "a query in the URL",
            .upstream("https://a.example/?token=hunter2"),
            [
                ##"proxy.json:2:56: routes[0].upstream: a query or fragment has no place in an upstream's URL; remove what begins with "?" or "#""##,
            ]),
        Mistake(
            "no host",
            .upstream("https:///api"),
            [
                "proxy.json:2:56: routes[0].upstream: the host is missing",
            ]),
        Mistake(
            "a host with an empty label",
            .upstream("https://a..example"),
            [
                #"proxy.json:2:56: routes[0].upstream: "a..example" is no host name; it has letters, digits and "-", and single dots within"#,
            ]),
        Mistake(
            "a host outside ASCII",
            .upstream("https://bücher.example"),
            [
                #"proxy.json:2:56: routes[0].upstream: "bücher.example" has letters outside ASCII; write its "xn--" form"#,
            ]),
        Mistake(
            "half an IPv4 address",
            .upstream("https://127.1"),
            [
                #"proxy.json:2:56: routes[0].upstream: "127.1" is no IPv4 address; it has four numbers from 0 to 255"#,
            ]),
        Mistake(
            "port 0",
            .upstream("https://a.example:0"),
            [
                "proxy.json:2:56: routes[0].upstream: port 0 is outside 1 to 65535",
            ]),
        Mistake(
            "clear text that is dialled elsewhere",
            .clearRoute(#""connectTo": "10.0.0.1:80""#),
            [
                #"proxy.json:3:14: routes[0].connectTo: over http the token would travel in clear to "10.0.0.1"; write "https://…" as the URL, or dial a loopback address"#,
            ]),
        Mistake(
            "TLS settings without TLS",
            .clearRoute(#""tls": { "minimumVersion": "1.3" }"#),
            [
                "proxy.json:3:8: routes[0].tls: a URL with http:// uses no TLS; remove this or write https://",
            ]),
        Mistake(
            "an address to dial without its port",
            .route(#""connectTo": "127.0.0.1""#),
            [
                #"proxy.json:3:14: routes[0].connectTo: "127.0.0.1" has no port; write "127.0.0.1:443""#,
            ]),
        Mistake(
            "a base path that is longer than what it goes before",
            .upstream("https://a.example/\(String(repeating: "x", count: 4096))"),
            [
                "proxy.json:2:56: routes[0].upstream: a path here has at most 4096 bytes, not 4097",
            ]),
    ]
}
