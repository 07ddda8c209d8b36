extension Mistake {
    static let paths: [Mistake] = [
        Mistake(
            "no path at all",
            .route(#""allow": { "paths": [] }"#),
            [
                #"proxy.json:3:21: routes[0].allow.paths: the list is empty, so every request would be refused; write a path such as "/api/v1/*" into it, or remove the key"#,
            ]),
        Mistake(
            "a path that begins with no slash",
            .route(#""allow": { "paths": ["api/*"] }"#),
            [
                #"proxy.json:3:22: routes[0].allow.paths[0]: "api/*" does not begin with "/"; write the whole path, as the upstream gets it: "/api/*""#,
            ]),
        Mistake(
            "a path with a query",
            .route(#""allow": { "paths": ["/a?b"] }"#),
            [
                #"proxy.json:3:22: routes[0].allow.paths[0]: "/a?b" has a "?"; paths are compared without their query, remove it"#,
            ]),
        Mistake(
            "paths that no request can have",
            .route(#""allow": { "paths": ["/a/../b", "//*", "/a;b", "/%2F", "/[ab]", "/a***"] }"#),
            [
                #"proxy.json:3:22: routes[0].allow.paths[0]: "/a/../b" has a segment that is a dot or two, or ends with a dot or a space; requests with such paths are refused, so write it without"#,
                #"proxy.json:3:33: routes[0].allow.paths[1]: "//*" has an empty segment (//); requests with such paths are refused, so write it without"#,
                #"proxy.json:3:40: routes[0].allow.paths[2]: "/a;b" has parameters (;); requests with such paths are refused, so write it without"#,
                #"proxy.json:3:48: routes[0].allow.paths[3]: "/%2F" has a percent-encoded / \ ; % ? or #; requests with such paths are refused, so write it without"#,
                #"proxy.json:3:56: routes[0].allow.paths[4]: "/[ab]" has a byte that has to be percent-encoded (0x5B); requests with such paths are refused, so write it without"#,
                #"proxy.json:3:65: routes[0].allow.paths[5]: "/a***" has more than two "*" in a row; write one or two"#,
            ]),
        Mistake(
            "a path that is too long",
            .route("\"allow\": { \"paths\": [\"/\(String(repeating: "a", count: 127))\"] }"),
            [
                "proxy.json:3:22: routes[0].allow.paths[0]: \"/\(String(repeating: "a", count: 119))…\" has more than 127 bytes besides its stars; put a star in place of some",
            ]),
        Mistake(
            "a required field without a value",
            .route(#""allow": { "requireHeader": "X-Key" }"#),
            [
                #"proxy.json:3:29: routes[0].allow.requireHeader: there is no ":" behind the field's name; write "X-Name: value""#,
            ]),
        Mistake(
            "a required field with an empty value",
            .route(#""allow": { "requireHeader": "X-Key: " }"#),
            [
                #"proxy.json:3:29: routes[0].allow.requireHeader: a field's value has visible ASCII characters, and spaces within; write "X-Name: value""#,
            ]),
        Mistake(
            "a required field whose name has a low line",
            .route(#""allow": { "requireHeader": "X_Key: hunter2" }"#),
            [
                #"proxy.json:3:29: routes[0].allow.requireHeader: the field's name has a "_", which many servers take for a "-"; write "-""#,
            ]),
        Mistake(
            "a required field that means something",
            .route(#""allow": { "requireHeader": "Host: hunter2" }"#),
            [
                #"proxy.json:3:29: routes[0].allow.requireHeader: "Host" is a field that the proxy or the upstream needs; write another, such as "X-Local-Key: value""#,
            ]),
        Mistake(
            "a required field without a name",
            .route(#""allow": { "requireHeader": "X Key: hunter2" }"#),
            [
                #"proxy.json:3:29: routes[0].allow.requireHeader: what stands before the ":" is no field name; write "X-Name: value""#,
            ]),
        Mistake(
            "no JSON-RPC method at all",
            .route(#""allow": { "rpcMethods": [] }"#),
            [
                #"proxy.json:3:26: routes[0].allow.rpcMethods: the list is empty, so every request would be refused; write a method such as "getblock*" into it, or remove the key"#,
            ]),
        Mistake(
            "a JSON-RPC method with a space",
            .route(#""allow": { "rpcMethods": ["get block"] }"#),
            [
                #"proxy.json:3:27: routes[0].allow.rpcMethods[0]: "get block" has a character that no method's name has here; write visible ASCII characters"#,
            ]),
        Mistake(
            "JSON-RPC methods without POST",
            .route(#""allow": { "rpcMethods": ["getblock*"], "methods": ["GET"] }"#),
            [
                #"proxy.json:3:26: routes[0].allow.rpcMethods: JSON-RPC calls are sent by POST, which "methods" does not have; add it there"#,
            ]),
        Mistake(
            "a preset that there is not",
            .route(#""preset": "readonly""#),
            [
                #"proxy.json:3:11: routes[0].preset: "readonly" is unknown; write "read-only""#,
            ]),
        Mistake(
            "a preset and JSON-RPC methods",
            .route(#""preset": "read-only", "allow": { "rpcMethods": ["getblock*"] }"#),
            [
                #"proxy.json:3:11: routes[0].preset: "allow.rpcMethods" lets POST through for what its content calls, and the preset refuses POST; make two routes, the one with rpcMethods for the pathPrefix of JSON-RPC"#,
            ]),
    ]
}
