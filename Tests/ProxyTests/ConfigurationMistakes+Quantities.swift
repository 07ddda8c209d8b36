extension Mistake {
    static let quantities: [Mistake] = [
        Mistake(
            "a duration without its unit",
            .route(#""timeouts": { "connect": "5" }"#),
            [
                #"proxy.json:3:26: routes[0].timeouts.connect: "5" is no duration; write a whole number with its unit, such as "500ms", "30s", "5m" or "1h""#,
            ]),
        Mistake(
            "a duration as a number",
            .route(#""timeouts": { "connect": 5 }"#),
            [
                #"proxy.json:3:26: routes[0].timeouts.connect: a number stands here; write a duration such as "30s""#,
            ]),
        Mistake(
            "no time at all",
            .route(#""timeouts": { "idle": "0s" }"#),
            [
                "proxy.json:3:23: routes[0].timeouts.idle: 0s is outside 1ms to 24h",
            ]),
        Mistake(
            "a duration beyond a day",
            .route(#""timeouts": { "idle": "25h" }"#),
            [
                "proxy.json:3:23: routes[0].timeouts.idle: 25h is outside 1ms to 24h",
            ]),
        Mistake(
            "a size without its unit",
            .route(#""replayBody": "1024""#),
            [
                #"proxy.json:3:15: routes[0].replayBody: "1024" is no size; write a whole number with its unit, such as "512B", "64KiB" or "1MiB", or a number of bytes"#,
            ]),
        Mistake(
            "a size in thousands",
            .route(#""replayBody": "1MB""#),
            [
                #"proxy.json:3:15: routes[0].replayBody: "1MB" is no size; write a whole number with its unit, such as "512B", "64KiB" or "1MiB", or a number of bytes"#,
            ]),
        Mistake(
            "a size beyond the limit",
            .route(#""replayBody": "65MiB""#),
            [
                "proxy.json:3:15: routes[0].replayBody: 65MiB is outside 0B to 64MiB",
            ]),
        Mistake(
            "a body beyond all measure",
            .route(#""limits": { "requestBody": -1 }"#),
            [
                "proxy.json:3:28: routes[0].limits.requestBody: -1B is outside 0B to 1024GiB",
            ]),
        Mistake(
            "no connection at all",
            .top(#""limits": { "connections": 0, "connection": 1 }"#),
            [
                "proxy.json:4:28: limits.connections: 0 stands here; write a whole number from 1 to 16384",
                #"proxy.json:4:31: limits.connection: unknown key; did you mean "connections"?"#,
            ]),
        Mistake(
            "a negative size",
            .route(#""replayBody": -1"#),
            [
                "proxy.json:3:15: routes[0].replayBody: -1B is outside 0B to 64MiB",
            ]),
        Mistake(
            "half a byte",
            .route(#""replayBody": 0.5"#),
            [
                #"proxy.json:3:15: routes[0].replayBody: 0.5 is no number of bytes; write a size such as "64KiB""#,
            ]),
        Mistake(
            "a refusal that every answer would be, or none",
            .route(#""reauthenticateOn": [{ "status": 403, "body": "" }, { "status": 403, "header": "jwt expired" }, { "body": 7 }]"#),
            [
                #"proxy.json:3:47: routes[0].reauthenticateOn[0].body: the string is empty; write text that the answer's content holds, such as "jwt expired""#,
                #"proxy.json:3:80: routes[0].reauthenticateOn[1].header: "jwt expired" is no field with text of its value; write one such as "WWW-Authenticate: invalid_token""#,
                "proxy.json:3:97: routes[0].reauthenticateOn[2].status: is missing; write a status such as 401",
                #"proxy.json:3:107: routes[0].reauthenticateOn[2].body: a number stands here; write text that the answer's content holds, such as "jwt expired""#,
            ]),
        Mistake(
            "a count that is not whole",
            .route(#""limits": { "concurrency": 1.5 }"#),
            [
                "proxy.json:3:28: routes[0].limits.concurrency: 1.5 stands here; write a whole number from 1 to 100000",
            ]),
        Mistake(
            "a count out of range",
            .route(#""limits": { "concurrency": 0, "queue": -1 }"#),
            [
                "proxy.json:3:28: routes[0].limits.concurrency: 0 stands here; write a whole number from 1 to 100000",
                "proxy.json:3:40: routes[0].limits.queue: -1 stands here; write a whole number from 0 to 100000",
            ]),
        Mistake(
            "a status that may have acted",
            .route(#""reauthenticateOn": [{ "status": 401 }, { "status": 500 }]"#),
            [
                "proxy.json:3:53: routes[0].reauthenticateOn[1].status: 500 stands here; write a whole number from 400 to 499",
            ]),
        Mistake(
            "a status as a number",
            .route(#""reauthenticateOn": [401]"#),
            [
                #"proxy.json:3:22: routes[0].reauthenticateOn[0]: a number stands here; write an object such as { "status": 401 }"#,
            ]),
        Mistake(
            "a status twice",
            .route(#""reauthenticateOn": [{ "status": 401 }, { "status": 401 }]"#),
            [
                "proxy.json:3:41: routes[0].reauthenticateOn[1]: the same answer stands twice; remove one",
            ]),
        Mistake(
            "a drain in words",
            .top(#""drainTimeout": "soon""#),
            [
                #"proxy.json:4:17: drainTimeout: "soon" is no duration; write a whole number with its unit, such as "500ms", "30s", "5m" or "1h""#,
            ]),
    ]
}
