extension Mistake {
    static let listeners: [Mistake] = [
        Mistake(
            "every address",
            .listen("0.0.0.0:8080"),
            [
                #"proxy.json:2:26: routes[0].listen: "0.0.0.0" is no loopback address, so other machines could use the credential; write "127.0.0.1:8080", "localhost:8080", "[::1]:8080" or "unix:/run/bearerproxy/app.sock""#,
            ]),
        Mistake(
            "no host",
            .listen(":8080"),
            [
                #"proxy.json:2:26: routes[0].listen: ":8080" would listen on every address of this machine; write "127.0.0.1:8080""#,
            ]),
        Mistake(
            "a number alone",
            .listen("8080"),
            [
                #"proxy.json:2:26: routes[0].listen: "8080" is no address with a port; write "127.0.0.1:8080", "localhost:8080", "[::1]:8080" or "unix:/run/bearerproxy/app.sock""#,
            ]),
        Mistake(
            "an address of the network",
            .listen("192.168.1.5:8080"),
            [
                #"proxy.json:2:26: routes[0].listen: "192.168.1.5" is no loopback address, so other machines could use the credential; write "127.0.0.1:8080", "localhost:8080", "[::1]:8080" or "unix:/run/bearerproxy/app.sock""#,
            ]),
        Mistake(
            "a name",
            .listen("proxy.internal:8080"),
            [
                #"proxy.json:2:26: routes[0].listen: "proxy.internal" is a name; write "127.0.0.1:8080", "localhost:8080", "[::1]:8080" or "unix:/run/bearerproxy/app.sock""#,
            ]),
        Mistake(
            "a port out of range",
            .listen("127.0.0.1:70000"),
            [
                "proxy.json:2:26: routes[0].listen: port 70000 is outside 0 to 65535",
            ]),
        Mistake(
            "a port that is a word",
            .listen("127.0.0.1:http"),
            [
                #"proxy.json:2:26: routes[0].listen: "http" is no port; write a number from 0 to 65535"#,
            ]),
        Mistake(
            "an IPv6 address without brackets",
            .listen("::1:8080"),
            [
                #"proxy.json:2:26: routes[0].listen: an IPv6 address stands in brackets, such as "[::1]:8080""#,
            ]),
        Mistake(
            "a relative socket",
            .listen("unix:btc.sock"),
            [
                #"proxy.json:2:26: routes[0].listen: a Unix socket has an absolute path; write "unix:/run/bearerproxy/app.sock""#,
            ]),
        Mistake(
            "a socket's mode in decimal",
            .listen("unix:/run/btc.sock?mode=980"),
            [
                #"proxy.json:2:26: routes[0].listen: "980" is no mode of a socket; write octal digits such as "0660""#,
            ]),
        Mistake(
            "an unknown option of a socket",
            .listen("unix:/run/btc.sock?owner=root"),
            [
                #"proxy.json:2:26: routes[0].listen: "owner=root" is no option of a Unix socket; write "?mode=0660&group=NAME""#,
            ]),
        Mistake(
            "a socket of systemd",
            .listen("systemd:btc"),
            [
                #"proxy.json:2:26: routes[0].listen: a socket from systemd is not supported by this version of bearerproxy; write "127.0.0.1:8080", "localhost:8080", "[::1]:8080" or "unix:/run/bearerproxy/app.sock""#,
            ]),
        Mistake(
            "an exposed listener",
            .route(#""exposed": true"#),
            [
                "proxy.json:3:1: routes[0].exposed: is not supported by this version of bearerproxy; remove it and listen on a loopback address",
            ]),
    ]
}
