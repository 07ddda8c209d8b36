extension Mistake {
    static let listeners: [Mistake] = [
        Mistake(
            "every address",
            .listen("0.0.0.0:8080"),
            [
                #"proxy.json:2:26: routes[0].listen: "0.0.0.0" is no loopback address, so other machines could use the credential; write "127.0.0.1:8080", "localhost:8080", "[::1]:8080", "unix:/run/bearerproxy/app.sock" or "systemd:NAME", or "exposed": true and "listenTLS" if they are to"#,
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
                #"proxy.json:2:26: routes[0].listen: "8080" is no address with a port; write "127.0.0.1:8080", "localhost:8080", "[::1]:8080", "unix:/run/bearerproxy/app.sock" or "systemd:NAME""#,
            ]),
        Mistake(
            "an address of the network",
            .listen("192.168.1.5:8080"),
            [
                #"proxy.json:2:26: routes[0].listen: "192.168.1.5" is no loopback address, so other machines could use the credential; write "127.0.0.1:8080", "localhost:8080", "[::1]:8080", "unix:/run/bearerproxy/app.sock" or "systemd:NAME", or "exposed": true and "listenTLS" if they are to"#,
            ]),
        Mistake(
            "a name",
            .listen("proxy.internal:8080"),
            [
                #"proxy.json:2:26: routes[0].listen: "proxy.internal" is a name; write "127.0.0.1:8080", "localhost:8080", "[::1]:8080", "unix:/run/bearerproxy/app.sock" or "systemd:NAME""#,
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
            "a socket of systemd without a name",
            .listen("systemd:"),
            [
                #"proxy.json:2:26: routes[0].listen: "" is no name of a socket from systemd; write "systemd:NAME" with FileDescriptorName=NAME in the .socket unit, or the unit's own name such as "systemd:bearerproxy.socket""#,
            ]),
        Mistake(
            "a name of a socket that systemd does not take",
            .listen("systemd:b:c"),
            [
                #"proxy.json:2:26: routes[0].listen: "b:c" is no name of a socket from systemd; write "systemd:NAME" with FileDescriptorName=NAME in the .socket unit, or the unit's own name such as "systemd:bearerproxy.socket""#,
            ]),
        Mistake(
            "an exposed listener without an address",
            .whole(
                #"{ "routes": [{ "exposed": true, "listen": ":8443", "upstream": "https://a.example", "credential": "x" }], "credentials": { "x": { "type": "static", "token": { "env": "T" } } } }"#),
            [
                #"proxy.json:1:43: routes[0].listen: ":8443" has no address; write "0.0.0.0:8443" for all of this machine"#,
            ]),
        Mistake(
            "an exposed listener with a name",
            .whole(
                #"{ "routes": [{ "exposed": true, "listen": "a.example:8443", "upstream": "https://a.example", "credential": "x" }], "credentials": { "x": { "type": "static", "token": { "env": "T" } } } }"#),
            [
                #"proxy.json:1:43: routes[0].listen: "a.example" is a name; write "0.0.0.0:8443", "[::]:8443" or one address of this machine such as "192.0.2.7:8443""#,
            ]),
        Mistake(
            "a word for exposed",
            .route(#""exposed": "yes""#),
            [
                "proxy.json:3:12: routes[0].exposed: a string stands here; write true or false",
            ]),
        Mistake(
            "a listener's TLS without its key",
            .route(#""listenTLS": { "certificate": "/c.pem" }"#),
            [
                #"proxy.json:3:14: routes[0].listenTLS.key: is missing; write the path of a PEM file with the certificate's key"#,
            ]),
        Mistake(
            "an old version for clients, and a key that is not there",
            .route(#""listenTLS": { "certificate": "/c.pem", "key": "/k.pem", "ca": "/a.pem", "minimumVersion": "1.1" }"#),
            [
                #"proxy.json:3:58: routes[0].listenTLS.ca: unknown key; the keys here are "certificate", "key", "clientCA" and "minimumVersion""#,
                #"proxy.json:3:92: routes[0].listenTLS.minimumVersion: "1.1" is unknown; write "1.2" or "1.3""#,
            ]),
        Mistake(
            "two routes of a listener that encrypt in different ways",
            .whole(
                """
                { "routes": [
                { "listen": "127.0.0.1:1", "upstream": "https://a.example", "credential": "x", "listenTLS": { "certificate": "/a", "key": "/k" } },
                { "listen": "127.0.0.1:1", "upstream": "https://b.example", "credential": "x", "pathPrefix": "/b" },
                { "listen": "127.0.0.1:1", "upstream": "https://c.example", "credential": "x", "pathPrefix": "/c", "listenTLS": { "certificate": "/b", "key": "/k" } },
                { "listen": "127.0.0.1:1", "upstream": "https://d.example", "credential": "x", "pathPrefix": "/d", "listenTLS": { "key": "/k", "certificate": "/a" } }
                ], "credentials": { "x": { "type": "static", "token": { "env": "T" } } } }
                """),
            [
                #"proxy.json:3:1: routes[1]: routes[0] has "listenTLS" on the same listener; write it in this route too"#,
                #"proxy.json:4:100: routes[2].listenTLS: routes[0] shares this listener; write "listenTLS" alike in both, or leave it out of both"#,
            ]),
        Mistake(
            "every address and one of them",
            .whole(
                """
                { "routes": [
                { "listen": "0.0.0.0:1", "exposed": true, "upstream": "https://a.example", "credential": "x" },
                { "listen": "127.0.0.1:1", "upstream": "https://b.example", "credential": "x" },
                { "listen": "[::1]:1", "upstream": "https://c.example", "credential": "x" },
                { "listen": "0.0.0.0:2", "exposed": true, "upstream": "https://d.example", "credential": "x" }
                ], "credentials": { "x": { "type": "static", "token": { "env": "T" } } } }
                """),
            [
                "proxy.json:3:13: routes[1].listen: routes[0].listen has the same port on addresses that this one has too; write both alike, or choose another port",
            ]),
    ]
}
