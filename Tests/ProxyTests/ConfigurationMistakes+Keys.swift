extension Mistake {
    static let keys: [Mistake] = [
        Mistake(
            "a misspelled key",
            .route(#""pathPrefxi": "/""#),
            [
                #"proxy.json:3:1: routes[0].pathPrefxi: unknown key; did you mean "pathPrefix"?"#,
            ]),
        Mistake(
            "a key in other case",
            .route(#""replaybody": "1MiB""#),
            [
                #"proxy.json:3:1: routes[0].replaybody: unknown key; did you mean "replayBody"?"#,
            ]),
        Mistake(
            "a key that resembles none",
            .top(#""colour": 1"#),
            [
                #"proxy.json:4:1: colour: unknown key; the keys here are "$schema", "routes", "credentials", "log", "limits", "drainTimeout", "threads", "tokenCache", "admin" and "egressProxy""#,
            ]),
        Mistake(
            "a key with a control character",
            .top(#""a\u001bb": 1"#),
            [
                #"proxy.json:4:1: ["a\u001bb"]: unknown key; the keys here are "$schema", "routes", "credentials", "log", "limits", "drainTimeout", "threads", "tokenCache", "admin" and "egressProxy""#,
            ]),
        Mistake(
            "a key that stands twice",
            .route(#"""
            "name": "a",
            "name": "b"
            """#),
            [
                "proxy.json:4:1: routes[0].name: the key stands twice in this object, first on line 3; remove one",
            ]),
        Mistake(
            "a misspelled key deep inside",
            .route(#""timeouts": { "conect": "5s" }"#),
            [
                #"proxy.json:3:15: routes[0].timeouts.conect: unknown key; did you mean "connect"?"#,
            ]),
    ]
}
