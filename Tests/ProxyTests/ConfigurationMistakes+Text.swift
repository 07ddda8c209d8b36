extension Mistake {
    static let text: [Mistake] = [
        Mistake(
            "an empty file",
            .whole(""),
            [
                "proxy.json:1:1: a value is expected here, not the end of the text",
            ]),
        Mistake(
            "a text that ends too early",
            .whole(#"{ "routes": ["#),
            [
                "proxy.json:1:14: a value is expected here, not the end of the text",
            ]),
        Mistake(
            "a comma too many",
            .whole(#"""
            {
              "routes": [],
            }
            """#),
            [
                #"proxy.json:3:1: a key in quotation marks is expected here, not "}"; remove the comma before it"#,
            ]),
        Mistake(
            "a comment of another kind",
            .whole("/* routes */ {}"),
            [
                #"proxy.json:1:1: a comment begins with // and ends with its line; "/" alone and /* */ are not allowed"#,
            ]),
        Mistake(
            "bytes that are no UTF-8 after characters that take two",
            .bytes([0x7B, 0x0A, 0x22, 0xC3, 0xA4, 0x22, 0x3A, 0x22, 0x80]),
            [
                "proxy.json:2:6: the text is not UTF-8 here",
            ]),
        Mistake(
            "a list at the top",
            .whole("[]"),
            [
                #"proxy.json:1:1: a list stands here; write an object with "routes" and "credentials""#,
            ]),
        Mistake(
            "an empty object",
            .whole("{}"),
            [
                #"proxy.json:1:1: routes: is missing; write "routes": [ { "listen": "127.0.0.1:8080", "upstream": "https://…", "credential": "…" } ]"#,
                #"proxy.json:1:1: credentials: is missing; write "credentials": { "NAME": { "type": "bloq", … } }"#,
            ]),
        Mistake(
            "columns count characters, not bytes",
            .whole(#"{ "ä€😀": 1, "routes": [], "credentials": {} }"#),
            [
                #"proxy.json:1:3: ["ä€😀"]: unknown key; the keys here are "$schema", "routes", "credentials", "log", "limits", "drainTimeout", "threads", "tokenCache", "admin" and "egressProxy""#,
                "proxy.json:1:23: routes: the list is empty; write at least one route",
            ]),
        Mistake(
            "lines end with CRLF too",
            .whole("{\r\n \"routes\": [],\r\n \"credentials\": []\r\n}"),
            [
                "proxy.json:2:12: routes: the list is empty; write at least one route",
                "proxy.json:3:17: credentials: a list stands here; write an object with a name for each credential",
            ]),
    ]
}
