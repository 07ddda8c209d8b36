extension Mistake {
    private static let trustAdvice =
        #"the verification cannot be turned off; to trust a server of your own, write "ca": "FILE" with its authority's or its own certificate, and "serverName" if that is for another name"#

    static let tls: [Mistake] = [
        Mistake(
            "an old version",
            .route(#""tls": { "minimumVersion": "1.1" }"#),
            [
                #"proxy.json:3:28: routes[0].tls.minimumVersion: "1.1" is unknown; write "1.2" or "1.3""#,
            ]),
        Mistake(
            "a version as a number",
            .route(#""tls": { "minimumVersion": 1.2 }"#),
            [
                #"proxy.json:3:28: routes[0].tls.minimumVersion: a number stands here; write "1.2" or "1.3""#,
            ]),
        Mistake(
            "a pin of another length",
            .route(#""tls": { "pinSHA256": ["aGVsbG8="] }"#),
            [
                #"proxy.json:3:24: routes[0].tls.pinSHA256[0]: "aGVsbG8=" is no base64 SHA-256; it has 44 characters, the last of which is "=""#,
            ]),
        Mistake(
            "no pins",
            .route(#""tls": { "pinSHA256": [] }"#),
            [
                "proxy.json:3:23: routes[0].tls.pinSHA256: the list is empty, so every key would be accepted; write a pin into it, or remove the key",
            ]),
        Mistake(
            "keys that would switch the verification off",
            .route(#""tls": { "insecure": true, "verify_peer": false, "skipVerify": true, "colour": 1 }"#),
            [
                "proxy.json:3:10: routes[0].tls.insecure: unknown key; \(trustAdvice)",
                "proxy.json:3:28: routes[0].tls.verify_peer: unknown key; \(trustAdvice)",
                "proxy.json:3:50: routes[0].tls.skipVerify: unknown key; \(trustAdvice)",
                #"proxy.json:3:70: routes[0].tls.colour: unknown key; the keys here are "ca", "serverName", "pinSHA256", "clientCertificate", "clientKey" and "minimumVersion""#,
            ]),
        Mistake(
            "the same for a token service",
            .credential(
                #""type": "bloq", "clientId": { "env": "A" }, "clientSecret": { "env": "B" }, "tls": { "rejectUnauthorized": false }"#),
            ["proxy.json:4:86: credentials.bloq.tls.rejectUnauthorized: unknown key; \(trustAdvice)"]),
        Mistake(
            "a certificate without its key",
            .route(#""tls": { "clientCertificate": "/c.pem" }"#),
            [
                #"proxy.json:3:8: routes[0].tls: "clientCertificate" and "clientKey" go together; write "clientKey" too"#,
            ]),
        Mistake(
            "an empty path",
            .route(#""tls": { "ca": "" }"#),
            [
                "proxy.json:3:16: routes[0].tls.ca: the string is empty; write the path of a PEM file",
            ]),
        Mistake(
            "a server name with a port",
            .route(#""tls": { "serverName": "a.example:443" }"#),
            [
                #"proxy.json:3:24: routes[0].tls.serverName: a certificate's name has no port; write "a.example""#,
            ]),
    ]
}
