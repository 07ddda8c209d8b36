extension Mistake {
    static let admin: [Mistake] = [
        Mistake(
            "an admin listener that other machines reach",
            .top(#""admin": { "listen": "0.0.0.0:9901" }"#),
            [
                #"proxy.json:4:22: admin.listen: "0.0.0.0:9901" can be reached from other machines; write a loopback address such as "127.0.0.1:9901", or a Unix socket"#,
            ]),
        Mistake(
            "an admin listener on an address of this machine",
            .top(#""admin": { "listen": "192.0.2.7:9901" }"#),
            [
                #"proxy.json:4:22: admin.listen: "192.0.2.7:9901" can be reached from other machines; write a loopback address such as "127.0.0.1:9901", or a Unix socket"#,
            ]),
        Mistake(
            "an admin listener without an address",
            .top(#""admin": {}"#),
            [
                #"proxy.json:4:10: admin.listen: is missing; write "127.0.0.1:9901" or "unix:/run/bearerproxy/admin.sock""#,
            ]),
        Mistake(
            "an admin listener that is a string",
            .top(#""admin": "127.0.0.1:9901""#),
            [
                #"proxy.json:4:10: admin: a string stands here; write an object such as { "listen": "127.0.0.1:9901" }"#,
            ]),
        Mistake(
            "an admin listener where a route listens",
            .top(#""admin": { "listen": "127.0.0.1:8080" }"#),
            [
                "proxy.json:4:22: admin.listen: routes[0].listen is the same socket; requests for the provider come in there, so choose another",
            ]),
        Mistake(
            "an admin listener where a route listens, in another spelling",
            .top(#""admin": { "listen": "localhost:8080" }"#),
            [
                "proxy.json:4:22: admin.listen: routes[0].listen is the same socket; requests for the provider come in there, so choose another",
            ]),
        Mistake(
            "a key that an admin listener does not have",
            .top(#""admin": { "listen": "127.0.0.1:9901", "user": "me" }"#),
            [
                #"proxy.json:4:40: admin.user: unknown key; the keys here are "listen""#,
            ]),
    ]
}
