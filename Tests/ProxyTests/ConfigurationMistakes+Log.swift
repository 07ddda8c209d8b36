extension Mistake {
    static let log: [Mistake] = [
        Mistake(
            "an unknown destination",
            .top(#""log": { "access": "syslog" }"#),
            [
                #"proxy.json:4:20: log.access: "syslog" is unknown; write "stdout", "stderr", "off" or the path of a file, such as "/var/log/bearerproxy/access.log""#,
            ]),
        Mistake(
            "an unknown format",
            .top(#""log": { "format": "xml" }"#),
            [
                #"proxy.json:4:20: log.format: "xml" is unknown; write "json" or "text""#,
            ]),
        Mistake(
            "an unknown level",
            .top(#""log": { "level": "verbose" }"#),
            [
                #"proxy.json:4:19: log.level: "verbose" is unknown; write "debug", "info", "warning" or "error""#,
            ]),
        Mistake(
            "a log that is a string",
            .top(#""log": "stdout""#),
            [
                #"proxy.json:4:8: log: a string stands here; write an object such as { "access": "stdout" }"#,
            ]),
        Mistake(
            "null",
            .top(#""log": null"#),
            [
                #"proxy.json:4:8: log: null stands here; write an object such as { "access": "stdout" }"#,
            ]),
    ]
}
