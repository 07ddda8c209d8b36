extension Mistake {
    static let credentials: [Mistake] = [
        Mistake(
            "none for a route",
            .whole(#"""
            { "routes": [
            { "listen": "127.0.0.1:80", "upstream": "https://a.example" }
            ], "credentials": {} }
            """#),
            [
                #"proxy.json:2:1: routes[0].credential: is missing; write the name of one of the "credentials""#,
            ]),
        Mistake(
            "one that is not there",
            .reference(#""nod""#),
            [
                #"proxy.json:3:1: routes[0].credential: there is no credential "nod"; write "bloq""#,
            ]),
        Mistake(
            "one that resembles another",
            .reference(#""blqo""#),
            [
                #"proxy.json:3:1: routes[0].credential: there is no credential "blqo"; did you mean "bloq"?"#,
            ]),
        Mistake(
            "a type that is not there",
            .credential(#""type": "kerberos""#),
            [
                #"proxy.json:4:9: credentials.bloq.type: there is no type "kerberos"; write "bloq", "bloq-account", "bloquo", "oauth2", "token-endpoint", "basic" or "static""#,
            ]),
        Mistake(
            "a misspelled type",
            .credential(#""type": "blok""#),
            [
                #"proxy.json:4:9: credentials.bloq.type: there is no type "blok"; did you mean "bloq"?"#,
            ]),
        Mistake(
            "no type",
            .credential(#""token": { "env": "T" }"#),
            [
                #"proxy.json:3:28: credentials.bloq.type: is missing; write "bloq", "bloq-account", "bloquo", "oauth2", "token-endpoint", "basic" or "static""#,
            ]),
        Mistake(
            "a plain secret",
            .credential(#""type": "static", "token": "hunter2""#),
            [
                #"proxy.json:4:28: credentials.bloq.token: a secret is not written into the configuration; put it into an environment variable or a file and write { "env": "NAME" } or { "file": "PATH" }"#,
            ]),
        Mistake(
            "a command in one string",
            .credential(#""type": "static", "token": { "command": "pass hunter2" }"#),
            [
                #"proxy.json:4:41: credentials.bloq.token.command: a string stands here; write a list of the program and its arguments (there is no shell) in brackets"#,
            ]),
        Mistake(
            "a command of nothing",
            .credential(#""type": "static", "token": { "command": [] }"#),
            [
                #"proxy.json:4:41: credentials.bloq.token.command: the list is empty; write the program and its arguments"#,
            ]),
        Mistake(
            "a command with arguments that are none",
            .credential(#""type": "static", "token": { "command": ["bin/hunter2", 7, "\u0000"] }"#),
            [
                #"proxy.json:4:42: credentials.bloq.token.command[0]: this is no program; write an absolute path, or a name that is found in PATH"#,
                #"proxy.json:4:57: credentials.bloq.token.command[1]: a number stands here; write an argument in quotation marks"#,
                #"proxy.json:4:60: credentials.bloq.token.command[2]: an argument has no NUL; remove it"#,
            ]),
        Mistake(
            "a command without a name",
            .credential(#""type": "static", "token": { "command": [""] }"#),
            [
                #"proxy.json:4:42: credentials.bloq.token.command[0]: this is no program; write an absolute path, or a name that is found in PATH"#,
            ]),
        Mistake(
            "a path in place of a systemd credential",
            .credential(#""type": "static", "token": { "systemd": "../hunter2" }"#),
            [
                #"proxy.json:4:41: credentials.bloq.token.systemd: this is no name of a systemd credential; write the NAME of a LoadCredential=NAME:… in the unit of bearerproxy"#,
            ]),
        Mistake(
            "a systemd credential without a name",
            .credential(#""type": "static", "token": { "systemd": "" }"#),
            [
                #"proxy.json:4:41: credentials.bloq.token.systemd: the string is empty; write the NAME of a LoadCredential=NAME:… in the unit of bearerproxy"#,
            ]),
        Mistake(
            "a misspelled place of a secret",
            .credential(#""type": "static", "token": { "sytemd": "hunter2" }"#),
            [
                #"proxy.json:4:30: credentials.bloq.token.sytemd: unknown key; did you mean "systemd"?"#,
            ]),
        Mistake(
            "a secret from two places",
            .credential(#""type": "static", "token": { "env": "T", "file": "/t" }"#),
            [
                #"proxy.json:4:28: credentials.bloq.token: a secret comes from one place; write { "env": "NAME" }, { "file": "PATH" }, { "systemd": "NAME" } or { "command": ["PROGRAM", …] }"#,
            ]),
        Mistake(
            "a secret from nowhere",
            .credential(#""type": "static", "token": {}"#),
            [
                #"proxy.json:4:28: credentials.bloq.token: it is not said where the secret is; write { "env": "NAME" }, { "file": "PATH" }, { "systemd": "NAME" } or { "command": ["PROGRAM", …] }"#,
            ]),
        Mistake(
            "a variable that no shell can set",
            .credential(#""type": "static", "token": { "env": "hunter-2" }"#),
            [
                #"proxy.json:4:37: credentials.bloq.token.env: this is no name of an environment variable; it has letters, digits and "_" and does not begin with a digit"#,
            ]),
        Mistake(
            "missing keys",
            .credential(#""type": "bloquo""#),
            [
                #"proxy.json:3:28: credentials.bloq.customerId: is missing; write { "env": "NAME" } or { "file": "PATH" }"#,
                #"proxy.json:3:28: credentials.bloq.clientId: is missing; write { "env": "NAME" } or { "file": "PATH" }"#,
                #"proxy.json:3:28: credentials.bloq.clientSecret: is missing; write { "env": "NAME" } or { "file": "PATH" }"#,
                #"proxy.json:3:28: credentials.bloq.api: is missing; write the URL that Bloquo gave you, such as "https://staging-api.bloquo.io""#,
            ]),
        Mistake(
            "a key of another type",
            .credential(#""type": "basic", "username": { "env": "U" }, "password": { "env": "P" }, "token": { "env": "T" }"#),
            [
                #"proxy.json:4:74: credentials.bloq.token: unknown key; the keys here are "type", "username" and "password""#,
            ]),
        Mistake(
            "client keys in clear",
            .credential(#""type": "bloq", "clientId": { "env": "I" }, "clientSecret": { "env": "S" }, "accounts": "http://accounts.bloq.cloud""#),
            [
                #"proxy.json:4:89: credentials.bloq.accounts: over http the token would travel in clear; write "https://accounts.bloq.cloud""#,
            ]),
        Mistake(
            "a connection that outlasts every wait",
            .credential(#""type": "bloq", "clientId": { "env": "I" }, "clientSecret": { "env": "S" }, "authTimeout": "2s", "timeouts": { "connect": "3s" }"#),
            [
                #"proxy.json:4:123: credentials.bloq.timeouts.connect: 3s is longer than the credential's "authTimeout" of 2s; lower it, or raise that"#,
            ]),
        Mistake(
            "a timeout that a token call does not have",
            .credential(#""type": "bloq", "clientId": { "env": "I" }, "clientSecret": { "env": "S" }, "timeouts": { "keepAlive": "3s" }"#),
            [
                #"proxy.json:4:91: credentials.bloq.timeouts.keepAlive: unknown key; the keys here are "connect" and "responseHead""#,
            ]),
    ]
}
