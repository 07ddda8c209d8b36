extension Mistake {
    static let routes: [Mistake] = [
        Mistake(
            "no routes",
            .whole(#"{ "routes": [], "credentials": {} }"#),
            [
                "proxy.json:1:13: routes: the list is empty; write at least one route",
            ]),
        Mistake(
            "routes that are no list",
            .whole(#"{ "routes": {}, "credentials": {} }"#),
            [
                "proxy.json:1:13: routes: an object stands here; write a list of routes in brackets",
            ]),
        Mistake(
            "a route that is a string",
            .whole(#"{ "routes": ["btc"], "credentials": {} }"#),
            [
                #"proxy.json:1:14: routes[0]: a string stands here; write an object with "listen", "upstream" and "credential""#,
            ]),
        Mistake(
            "an empty route",
            .whole(#"{ "routes": [{}], "credentials": {} }"#),
            [
                #"proxy.json:1:14: routes[0].listen: is missing; write "127.0.0.1:8080", "localhost:8080", "[::1]:8080", "unix:/run/bearerproxy/app.sock" or "systemd:NAME""#,
                #"proxy.json:1:14: routes[0].upstream: is missing; write a URL such as "https://btc.connect.bloq.cloud""#,
                #"proxy.json:1:14: routes[0].credential: is missing; write the name of one of the "credentials""#,
            ]),
        Mistake(
            "a name with a space",
            .route(#""name": "my route""#),
            [
                #"proxy.json:3:9: routes[0].name: "my route" is no name; write 1 to 64 letters, digits, "-", "_" and ".""#,
            ]),
        Mistake(
            "a name of the wrong kind",
            .route(#""name": 7"#),
            [
                "proxy.json:3:9: routes[0].name: a number stands here; write a name for logs and metrics",
            ]),
        Mistake(
            "a prefix without its slash",
            .route(#""pathPrefix": "api""#),
            [
                #"proxy.json:3:15: routes[0].pathPrefix: "api" does not begin with "/"; write "/api""#,
            ]),
        Mistake(
            "a prefix that climbs",
            .route(#""pathPrefix": "/api/%2E./x""#),
            [
                #"proxy.json:3:15: routes[0].pathPrefix: "/api/%2E./x" has a segment "." or ".."; write the path that is meant"#,
            ]),
        Mistake(
            "a prefix with a query",
            .route(#""pathPrefix": "/api?x""#),
            [
                #"proxy.json:3:15: routes[0].pathPrefix: "/api?x" has a character that no path has; write it as %XX"#,
            ]),
        Mistake(
            "a flag as a string",
            .route(#""stripPrefix": "no""#),
            [
                "proxy.json:3:16: routes[0].stripPrefix: a string stands here; write true or false",
            ]),
        Mistake(
            "a host with a port",
            .route(#""host": "btc.local:8080""#),
            [
                #"proxy.json:3:9: routes[0].host: hosts are compared without their port; write "btc.local""#,
            ]),
        Mistake(
            "two routes at one place",
            .whole(#"""
            { "routes": [
            { "name": "a", "listen": "127.0.0.1:80", "upstream": "https://a.example", "credential": "c" },
            { "name": "b", "listen": "127.0.0.1:80", "upstream": "https://b.example", "credential": "c", "pathPrefix": "/" }
            ], "credentials": { "c": { "type": "static", "token": { "env": "T" } } } }
            """#),
            [
                #"proxy.json:3:1: routes[1]: routes[0] has the same "listen", "pathPrefix" and "host"; change one of them"#,
            ]),
        Mistake(
            "two routes with one name",
            .whole(#"""
            { "routes": [
            { "name": "a", "listen": "127.0.0.1:80", "upstream": "https://a.example", "credential": "c" },
            { "name": "a", "listen": "127.0.0.1:81", "upstream": "https://b.example", "credential": "c" }
            ], "credentials": { "c": { "type": "static", "token": { "env": "T" } } } }
            """#),
            [
                #"proxy.json:3:11: routes[1].name: routes[0] is called "a" too; give each route a "name" of its own"#,
            ]),
        Mistake(
            "two routes with the name of their upstream",
            .whole(#"""
            { "routes": [
            { "listen": "127.0.0.1:80", "upstream": "https://a.example", "credential": "c" },
            { "listen": "127.0.0.1:81", "upstream": "https://a.example", "credential": "c" }
            ], "credentials": { "c": { "type": "static", "token": { "env": "T" } } } }
            """#),
            [
                #"proxy.json:3:1: routes[1]: routes[0] is called "a.example" too, which is the upstream's host; give each route a "name" of its own"#,
            ]),
        Mistake(
            "one socket written in two ways",
            .whole(#"""
            { "routes": [
            { "listen": "localhost:80", "upstream": "https://a.example", "credential": "c" },
            { "listen": "[::1]:80", "upstream": "https://b.example", "credential": "c" }
            ], "credentials": { "c": { "type": "static", "token": { "env": "T" } } } }
            """#),
            [
                "proxy.json:3:13: routes[1].listen: routes[0].listen is the same socket written in another way; write both alike",
            ]),
        Mistake(
            "an upstream that is the route's own listener, in each spelling",
            .whole(#"""
            { "routes": [
            { "listen": "127.0.0.1:8080", "upstream": "http://127.0.0.1:8080", "credential": "c" },
            { "listen": "localhost:8081", "upstream": "http://[::1]:8081", "credential": "c", "name": "b" },
            { "listen": "[::1]:8082", "upstream": "http://localhost:8082", "credential": "c" },
            { "listen": "127.0.0.1:8083", "upstream": "https://api.example", "connectTo": "127.0.0.1:8083", "credential": "c" },
            { "listen": "127.0.0.1:8084", "upstream": "http://127.0.0.1:8085", "credential": "c", "name": "d" },
            { "listen": "127.0.0.1:8086", "pathPrefix": "/a", "upstream": "http://127.0.0.1:8086/b", "credential": "c", "name": "e" }
            ], "credentials": { "c": { "type": "static", "token": { "env": "T" } } } }
            """#),
            [
                "proxy.json:2:43: routes[0].upstream: 127.0.0.1:8080 is where this route listens, so each request would come in again and again; write the API's address",
                "proxy.json:3:43: routes[1].upstream: localhost:8081 is where this route listens, so each request would come in again and again; write the API's address",
                "proxy.json:4:39: routes[2].upstream: [::1]:8082 is where this route listens, so each request would come in again and again; write the API's address",
                "proxy.json:5:43: routes[3].upstream: 127.0.0.1:8083 is where this route listens, so each request would come in again and again; write the API's address in \"connectTo\"",
            ]),
    ]
}
