extension Mistake {
    static let users: [Mistake] = [
        Mistake(
            "nobody at all",
            .route(#""allow": { "users": [] }"#),
            [
                #"proxy.json:3:21: routes[0].allow.users: the list is empty, so every request would be refused; write a user such as "alice" or 1001, or a group such as "@staff" into it, or remove the key"#,
            ]),
        Mistake(
            "a user who is no list",
            .route(#""allow": { "users": "alice" }"#),
            [
                "proxy.json:3:21: routes[0].allow.users: a string stands here; write a list of users in brackets",
            ]),
        Mistake(
            "users who are none",
            .route(#""allow": { "users": ["1001", -1, 4294967295, "@", "", true] }"#),
            [
                "proxy.json:3:22: routes[0].allow.users[0]: a user's number stands without quotes; write 1001",
                "proxy.json:3:30: routes[0].allow.users[1]: -1 stands here; write a whole number from 0 to 4294967294",
                "proxy.json:3:34: routes[0].allow.users[2]: 4294967295 stands here; write a whole number from 0 to 4294967294",
                #"proxy.json:3:46: routes[0].allow.users[3]: the group's name is missing; write one such as "@staff""#,
                #"proxy.json:3:51: routes[0].allow.users[4]: the string is empty; write a user such as "alice" or 1001, or a group such as "@staff""#,
                #"proxy.json:3:55: routes[0].allow.users[5]: true stands here; write a user such as "alice" or 1001, or a group such as "@staff""#,
            ]),
        Mistake(
            "no place for anybody",
            .top(#""limits": { "connectionsPerUser": 0 }"#),
            [
                "proxy.json:4:35: limits.connectionsPerUser: 0 stands here; write a whole number from 1 to 16384",
            ]),
        Mistake(
            "hosts that stand for all or for none",
            .route(#""allow": { "hosts": ["0.0.0.0", "[::]"] }, "host": "[::ffff:0.0.0.0]""#),
            [
                #"proxy.json:3:22: routes[0].allow.hosts[0]: "0.0.0.0" is no host, though browsers take it for this machine, whatever page asks; write "127.0.0.1" or "[::1]""#,
                #"proxy.json:3:33: routes[0].allow.hosts[1]: "[::]" is no host, though browsers take it for this machine, whatever page asks; write "127.0.0.1" or "[::1]""#,
                #"proxy.json:3:52: routes[0].host: "[::ffff:0.0.0.0]" is no host, though browsers take it for this machine, whatever page asks; write "127.0.0.1" or "[::1]""#,
            ]),
    ]
}
