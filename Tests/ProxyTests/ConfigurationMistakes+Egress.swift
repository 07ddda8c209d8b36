extension Mistake {
    private static let egressAdvice = #"write "http://proxy.example:3128", "none", or { "url": …, "username": …, "password": … }"#

    static let egress: [Mistake] = [
        Mistake(
            "a proxy of its own kind",
            .top(#""egressProxy": 3128"#), ["proxy.json:4:16: egressProxy: a number stands here; \(egressAdvice)"]),
        Mistake(
            "a proxy without a scheme",
            .top(#""egressProxy": "proxy.example:3128""#),
            [#"proxy.json:4:16: egressProxy: "proxy.example:3128" has no scheme; write "http://proxy.example:3128", or "none""#]),
        Mistake(
            "a proxy over TLS",
            .top(#""egressProxy": "https://proxy.example:3128""#),
            [#"proxy.json:4:16: egressProxy: a proxy that is itself spoken to over TLS is not supported by this version of bearerproxy; write one with "http://…""#]),
        Mistake(
            "a proxy of another protocol",
            .top(#""egressProxy": { "url": "socks5://proxy.example:1080" }"#),
            [#"proxy.json:4:25: egressProxy.url: "socks5" is no scheme of an egress proxy; write "http://…""#]),
        Mistake(
            "a proxy with its password",
            .top(#""egressProxy": "http://me:hunter2@proxy.example:3128""#),
            [
                #"proxy.json:4:16: egressProxy: a user name and password do not stand in the URL; write { "url": "http://…", "username": { "env": "NAME" } or { "file": "PATH" }, "password": … }"#,
            ]),
        Mistake(
            "a proxy with a path",
            .top(#""egressProxy": "http://proxy.example:3128/pac""#),
            [#"proxy.json:4:16: egressProxy: a proxy's URL has no path; write "http://proxy.example:3128""#]),
        Mistake(
            "a proxy without an URL, and half of its credentials",
            .top(#""egressProxy": { "username": { "env": "A" }, "passwort": "hunter2" }"#),
            [
                #"proxy.json:4:16: egressProxy.url: is missing; write "http://proxy.example:3128""#,
                #"proxy.json:4:16: egressProxy: "username" and "password" go together; write "password" too"#,
                #"proxy.json:4:46: egressProxy.passwort: unknown key; did you mean "password"?"#,
            ]),
        Mistake(
            "a proxy's password in the file",
            .top(#""egressProxy": { "url": "http://p:1", "username": { "env": "A" }, "password": "hunter2" }"#),
            [
                #"proxy.json:4:79: egressProxy.password: a secret is not written into the configuration; put it into an environment variable or a file and write { "env": "NAME" } or { "file": "PATH" }"#,
            ]),
    ]
}
