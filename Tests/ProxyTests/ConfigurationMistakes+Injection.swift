extension Mistake {
    static let injection: [Mistake] = [
        Mistake(
            "a user name and password in a query",
            .whole(#"""
            { "routes": [
            { "listen": "127.0.0.1:80", "upstream": "https://a.example", "credential": "c", "socketIOToken": true }
            ], "credentials": { "c": { "type": "basic", "username": { "env": "U" }, "password": { "env": "P" } } } }
            """#),
            [
                #"proxy.json:2:98: routes[0].socketIOToken: a credential of type "basic" has no token to put into a query; remove this, or use another credential"#,
            ]),
        Mistake(
            "a token for Socket.IO that is no yes or no",
            .route(#""socketIOToken": "token""#),
            [
                "proxy.json:3:18: routes[0].socketIOToken: a string stands here; write true or false",
            ]),
        Mistake(
            "an unknown placeholder",
            .route(#""inject": [{ "header": "Authorization", "value": "Bearer {tokn}" }]"#),
            [
                #"proxy.json:3:50: routes[0].inject[0].value: what stands in braces is unknown; write "{token}" or "{customerId}""#,
            ]),
        Mistake(
            "a brace alone",
            .route(#""inject": [{ "header": "Authorization", "value": "Bearer {token" }]"#),
            [
                #"proxy.json:3:50: routes[0].inject[0].value: a brace stands alone; write "{token}" or "{customerId}""#,
            ]),
        Mistake(
            "a line break",
            .route(#""inject": [{ "header": "Authorization", "value": "Bearer {token}\r\nX: y" }]"#),
            [
                #"proxy.json:3:50: routes[0].inject[0].value: a field's value has visible ASCII characters, and spaces within; write one such as "Bearer {token}""#,
            ]),
        Mistake(
            "a plain secret",
            .route(#""inject": [{ "header": "authorization", "value": "Bearer hunter2" }]"#),
            [
                #"proxy.json:3:50: routes[0].inject[0].value: a secret is not written into the configuration; write "Bearer {token}" and take the token from a credential"#,
            ]),
        Mistake(
            "nothing that proves anything",
            .route(#""inject": [{ "header": "X-Client", "value": "legacy" }]"#),
            [
                #"proxy.json:3:11: routes[0].inject: no value has {token}, so requests would go without the credential; write { "header": "Authorization", "value": "Bearer {token}" }"#,
            ]),
        Mistake(
            "an empty list",
            .route(#""inject": []"#),
            [
                #"proxy.json:3:11: routes[0].inject: no value has {token}, so requests would go without the credential; write { "header": "Authorization", "value": "Bearer {token}" }"#,
            ]),
        Mistake(
            "a field of the proxy's own",
            .route(#""inject": [{ "header": "content_length", "value": "{token}" }]"#),
            [
                #"proxy.json:3:24: routes[0].inject[0].header: "content_length" is a field that the proxy writes itself; it cannot be injected"#,
            ]),
        Mistake(
            "no field name",
            .route(#""inject": [{ "header": "X Token", "value": "{token}" }]"#),
            [
                #"proxy.json:3:24: routes[0].inject[0].header: "X Token" is no field name; write one such as "Authorization""#,
            ]),
        Mistake(
            "one field in two spellings",
            .route(#""inject": [{ "header": "X-Token", "value": "{token}" }, { "header": "x_token", "value": "{token}" }]"#),
            [
                #"proxy.json:3:57: routes[0].inject[1]: the field "x_token" is injected twice; remove one"#,
            ]),
        Mistake(
            "a customer that is not there",
            .route(#""inject": [{ "header": "X-Token", "value": "{token}{customerId}" }]"#),
            [
                #"proxy.json:3:44: routes[0].inject[0].value: {customerId} is there for credentials of type "bloquo" alone; remove it"#,
            ]),
        Mistake(
            "a value that is missing",
            .route(#""inject": [{ "header": "X-Token" }]"#),
            [
                #"proxy.json:3:12: routes[0].inject[0].value: is missing; write a value such as "Bearer {token}""#,
            ]),
    ]
}
