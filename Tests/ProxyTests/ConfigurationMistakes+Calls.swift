extension Mistake {
    static let calls: [Mistake] = [
        Mistake(
            "an oauth2 without anything",
            .credential(#""type": "oauth2""#),
            [
                #"proxy.json:3:28: credentials.bloq.tokenURL: is missing; write a URL such as "https://login.example.com/oauth2/token""#,
                #"proxy.json:3:28: credentials.bloq.clientId: is missing; write { "env": "NAME" } or { "file": "PATH" }"#,
                #"proxy.json:3:28: credentials.bloq.clientSecret: is missing; write { "env": "NAME" } or { "file": "PATH" }"#,
            ]),
        Mistake(
            "a token URL with a query",
            .credential(#""type": "oauth2", "tokenURL": "https://a.example/t?key=hunter2", "clientId": { "env": "I" }, "clientSecret": { "env": "S" }"#),
            [
                #"proxy.json:4:31: credentials.bloq.tokenURL: a query may hold a secret, so it does not stand in the URL; write it as "query": { "NAME": … }"#,
            ]),
        Mistake(
            "a token URL in clear",
            .credential(#""type": "oauth2", "tokenURL": "http://a.example/t/", "clientId": { "env": "I" }, "clientSecret": { "env": "S" }"#),
            [
                #"proxy.json:4:31: credentials.bloq.tokenURL: over http the token would travel in clear; write "https://a.example/t/""#,
            ]),
        Mistake(
            "a token URL without a scheme",
            .credential(#""type": "oauth2", "tokenURL": "a.example/t", "clientId": { "env": "I" }, "clientSecret": { "env": "S" }"#),
            [
                #"proxy.json:4:31: credentials.bloq.tokenURL: "a.example/t" has no scheme; write "https://a.example/t""#,
            ]),
        Mistake(
            "a way to authenticate that is not there",
            .credential(#""type": "oauth2", "tokenURL": "https://a.example/t", "clientId": { "env": "I" }, "clientSecret": { "env": "S" }, "authentication": "header""#),
            [
                #"proxy.json:4:132: credentials.bloq.authentication: "header" is unknown; write "basic" or "post""#,
            ]),
        Mistake(
            "scopes in a list",
            .credential(#""type": "oauth2", "tokenURL": "https://a.example/t", "clientId": { "env": "I" }, "clientSecret": { "env": "S" }, "scope": ["read", "write"]"#),
            [
                #"proxy.json:4:123: credentials.bloq.scope: a list stands here; write scopes such as "read write""#,
            ]),
        Mistake(
            "scopes with a comma and a space too many",
            .credential(#""type": "oauth2", "tokenURL": "https://a.example/t", "clientId": { "env": "I" }, "clientSecret": { "env": "S" }, "scope": "read,  write""#),
            [
                #"proxy.json:4:123: credentials.bloq.scope: a scope has words of visible ASCII characters with single spaces between them"#,
            ]),
        Mistake(
            "a parameter that oauth2 writes",
            .credential(#""type": "oauth2", "tokenURL": "https://a.example/t", "clientId": { "env": "I" }, "clientSecret": { "env": "S" }, "parameters": { "audience": "a", "grant_type": "password" }"#),
            [
                #"proxy.json:4:128: credentials.bloq.parameters: "grant_type" is written by the type "oauth2" itself; remove it here"#,
            ]),
        Mistake(
            "a parameter that is a number",
            .credential(#""type": "oauth2", "tokenURL": "https://a.example/t", "clientId": { "env": "I" }, "clientSecret": { "env": "S" }, "parameters": { "audience": 1 }"#),
            [
                #"proxy.json:4:142: credentials.bloq.parameters.audience: a number stands here; write a string, or for a secret { "env": "NAME" } or { "file": "PATH" }"#,
            ]),
        Mistake(
            "a plain secret among parameters",
            .credential(#""type": "oauth2", "tokenURL": "https://a.example/t", "clientId": { "env": "I" }, "clientSecret": { "env": "S" }, "parameters": { "assertion_password": "hunter2" }"#),
            [
                #"proxy.json:4:152: credentials.bloq.parameters.assertion_password: a secret is not written into the configuration; put it into an environment variable or a file and write { "env": "NAME" } or { "file": "PATH" }"#,
            ]),
        Mistake(
            "a lifetime of nothing",
            .credential(#""type": "oauth2", "tokenURL": "https://a.example/t", "clientId": { "env": "I" }, "clientSecret": { "env": "S" }, "defaultLifetime": "0s""#),
            [
                #"proxy.json:4:133: credentials.bloq.defaultLifetime: 0s is outside 1s to 8784h"#,
            ]),
        Mistake(
            "a misspelled key of oauth2",
            .credential(#""type": "oauth2", "tokenURL": "https://a.example/t", "clientId": { "env": "I" }, "clientSecret": { "env": "S" }, "tokenUrl": "https://a.example""#),
            [
                #"proxy.json:4:114: credentials.bloq.tokenUrl: unknown key; did you mean "tokenURL"?"#,
            ]),
        Mistake(
            "a plain client secret",
            .credential(#""type": "oauth2", "tokenURL": "https://a.example/t", "clientId": "me", "clientSecret": "hunter2""#),
            [
                #"proxy.json:4:66: credentials.bloq.clientId: a secret is not written into the configuration; put it into an environment variable or a file and write { "env": "NAME" } or { "file": "PATH" }"#,
                #"proxy.json:4:88: credentials.bloq.clientSecret: a secret is not written into the configuration; put it into an environment variable or a file and write { "env": "NAME" } or { "file": "PATH" }"#,
            ]),
        Mistake(
            "a bloq account without a password",
            .credential(#""type": "bloq-account", "username": { "env": "U" }"#),
            [
                #"proxy.json:3:28: credentials.bloq.password: is missing; write { "env": "NAME" } or { "file": "PATH" }"#,
            ]),
        Mistake(
            "a bloq account with client keys",
            .credential(#""type": "bloq-account", "username": { "env": "U" }, "password": { "env": "P" }, "clientId": { "env": "I" }"#),
            [
                #"proxy.json:4:81: credentials.bloq.clientId: unknown key; the keys here are "type", "tls", "connectTo", "authTimeout", "timeouts", "username", "password" and "accounts""#,
            ]),
        Mistake(
            "a token endpoint without anything",
            .credential(#""type": "token-endpoint""#),
            [
                #"proxy.json:3:28: credentials.bloq.request: is missing; write "request": { "url": "https://…", "json": { … } }"#,
                #"proxy.json:3:28: credentials.bloq.response: is missing; write "response": { "token": "access_token" }"#,
            ]),
        Mistake(
            "a request that is a URL",
            .credential(#""type": "token-endpoint", "request": "https://a.example", "response": { "token": "t" }"#),
            [
                #"proxy.json:4:38: credentials.bloq.request: a string stands here; write an object such as { "url": "https://…", "json": { … } }"#,
            ]),
        Mistake(
            "a request without a URL",
            .credential(#""type": "token-endpoint", "request": { "json": {} }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:38: credentials.bloq.request.url: is missing; write a URL such as "https://login.example.com/oauth2/token""#,
            ]),
        Mistake(
            "a method that is not there",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "method": "DELETE" }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:80: credentials.bloq.request.method: "DELETE" is unknown; write "GET", "POST" or "PUT""#,
            ]),
        Mistake(
            "a GET with a content",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "method": "GET", "json": { "a": 1 } }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:38: credentials.bloq.request: a GET has no content; write "method": "POST", or "query" in place of "json""#,
            ]),
        Mistake(
            "two contents",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "json": {}, "form": {} }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:90: credentials.bloq.request.form: a call has one content; write "json" or "form""#,
            ]),
        Mistake(
            "a plain secret in JSON",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "json": { "user": { "name": "me", "apiKey": "hunter2" } } }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:114: credentials.bloq.request.json.user.apiKey: a secret is not written into the configuration; put it into an environment variable or a file and write { "env": "NAME" } or { "file": "PATH" }"#,
            ]),
        Mistake(
            "a plain secret in a list",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "json": { "tokens": ["hunter2"], "Password": ["hunter2"] } }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:116: credentials.bloq.request.json.Password[0]: a secret is not written into the configuration; put it into an environment variable or a file and write { "env": "NAME" } or { "file": "PATH" }"#,
            ]),
        Mistake(
            "a plain secret in a form",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "form": { "client_secret": "hunter2" } }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:97: credentials.bloq.request.form.client_secret: a secret is not written into the configuration; put it into an environment variable or a file and write { "env": "NAME" } or { "file": "PATH" }"#,
            ]),
        Mistake(
            "a plain secret in a query",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "query": { "api_key": "hunter2" } }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:92: credentials.bloq.request.query.api_key: a secret is not written into the configuration; put it into an environment variable or a file and write { "env": "NAME" } or { "file": "PATH" }"#,
            ]),
        Mistake(
            "a plain secret in a field",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "headers": { "X-Api-Key": "hunter2" } }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:96: credentials.bloq.request.headers.X-Api-Key: a secret is not written into the configuration; put it into an environment variable or a file and write { "env": "NAME" } or { "file": "PATH" }"#,
            ]),
        Mistake(
            "a plain secret in Authorization",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "headers": { "authorization": "Basic hunter2" } }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:100: credentials.bloq.request.headers.authorization: a secret is not written into the configuration; put it into an environment variable or a file and write { "env": "NAME" } or { "file": "PATH" }"#,
            ]),
        Mistake(
            "a secret in JSON from two places",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "json": { "key": { "env": "K", "file": "/k" } } }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:87: credentials.bloq.request.json.key: a secret comes from one place; write { "env": "NAME" }, { "file": "PATH" }, { "systemd": "NAME" } or { "command": ["PROGRAM", …] }"#,
            ]),
        Mistake(
            "a form with a tree",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "form": { "a": { "b": "c" } } }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:85: credentials.bloq.request.form.a: an object stands here; write a string, or for a secret { "env": "NAME" } or { "file": "PATH" }"#,
            ]),
        Mistake(
            "a form with a number",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "form": { "a": 1 } }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:85: credentials.bloq.request.form.a: a number stands here; write a string, or for a secret { "env": "NAME" } or { "file": "PATH" }"#,
            ]),
        Mistake(
            "no field name",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "headers": { "X Key": "a" } }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:83: credentials.bloq.request.headers["X Key"]: "X Key" is no field name; write one such as "X-Api-Key""#,
            ]),
        Mistake(
            "a field of the proxy's own",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "headers": { "Content-Length": "1", "accept_encoding": "gzip" } }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:83: credentials.bloq.request.headers.Content-Length: "Content-Length" is a field that the proxy writes itself; remove it"#,
                #"proxy.json:4:106: credentials.bloq.request.headers.accept_encoding: "accept_encoding" is a field that the proxy writes itself; remove it"#,
            ]),
        Mistake(
            "a field in two spellings",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "headers": { "X-Key": "a", "x_key": "b" } }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:97: credentials.bloq.request.headers.x_key: the field "x_key" stands there twice; remove one"#,
            ]),
        Mistake(
            "a field with a line break",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "headers": { "X-Key": "a\r\nX: hunter2" } }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:92: credentials.bloq.request.headers.X-Key: a field's value has visible ASCII characters, and spaces within; write one such as "application/json""#,
            ]),
        Mistake(
            "Authorization and basic",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "headers": { "Authorization": { "env": "A" } }, "basic": { "username": "u", "password": { "env": "P" } } }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:83: credentials.bloq.request.headers.Authorization: "basic" writes this field; remove one of them"#,
            ]),
        Mistake(
            "a plain password",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "basic": { "username": "u", "password": "hunter2" } }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:110: credentials.bloq.request.basic.password: a secret is not written into the configuration; put it into an environment variable or a file and write { "env": "NAME" } or { "file": "PATH" }"#,
            ]),
        Mistake(
            "a user name with a colon",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "basic": { "username": "u:hunter2", "password": { "env": "P" } } }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:93: credentials.bloq.request.basic.username: a user name has neither a colon nor control characters; write the one that the provider gave"#,
            ]),
        Mistake(
            "a refresh token before there is one",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "json": { "refreshToken": "{refreshToken}" } }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:96: credentials.bloq.request.json.refreshToken: there is no refresh token before the first answer; write {refreshToken} into "refresh" alone"#,
            ]),
        Mistake(
            "an unknown key of a request",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t", "body": "a" }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:70: credentials.bloq.request.body: unknown key; the keys here are "url", "method", "query", "basic", "headers", "json" and "form""#,
            ]),
        Mistake(
            "a response without a token",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t" }, "response": { "expiresIn": "e" }"#),
            [
                #"proxy.json:4:84: credentials.bloq.response.token: is missing; write the path of the token in the answer, such as "data.token""#,
            ]),
        Mistake(
            "a path with two dots",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t" }, "response": { "token": "a..b" }"#),
            [
                #"proxy.json:4:95: credentials.bloq.response.token: "a..b" is no path; write names with single dots between them, such as "data.token""#,
            ]),
        Mistake(
            "an empty list of paths",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t" }, "response": { "token": [] }"#),
            [
                #"proxy.json:4:95: credentials.bloq.response.token: the list is empty; write a path such as "data.token""#,
            ]),
        Mistake(
            "a success that equals a list",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t" }, "response": { "token": "t", "success": { "path": "ok", "equals": [1] } }"#),
            [
                #"proxy.json:4:137: credentials.bloq.response.success.equals: a list stands here; write what stands there after success, such as true, 0 or "ok""#,
            ]),
        Mistake(
            "a success without its value",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t" }, "response": { "token": "t", "success": { "path": "ok" } }"#),
            [
                #"proxy.json:4:111: credentials.bloq.response.success.equals: is missing; write what stands there after success, such as true, 0 or "ok""#,
            ]),
        Mistake(
            "a misspelled path",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t" }, "response": { "token": "t", "expires": "e" }"#),
            [
                #"proxy.json:4:100: credentials.bloq.response.expires: unknown key; did you mean "expiresIn"?"#,
            ]),
        Mistake(
            "a refresh token without a call",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t" }, "response": { "token": "t", "refreshToken": "r" }"#),
            [
                #"proxy.json:4:84: credentials.bloq.response: a refresh token is of no use without the call for it; write "refresh", or remove "refreshToken""#,
            ]),
        Mistake(
            "a call without a refresh token",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t" }, "refresh": { "json": { "r": "{refreshToken}" } }, "response": { "token": "t" }"#),
            [
                #"proxy.json:4:83: credentials.bloq.refresh: there is no refresh token to renew with; write "refreshToken": "refresh_token" into "response""#,
            ]),
        Mistake(
            "a refresh that does not send the refresh token",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t" }, "refresh": { "json": { "r": 1 } }, "response": { "token": "t", "refreshToken": "r" }"#),
            [
                #"proxy.json:4:83: credentials.bloq.refresh: the refresh token is not in it; write "{refreshToken}" as the value that it stands for"#,
            ]),
        Mistake(
            "a refresh token that is a part",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t" }, "refresh": { "json": { "r": "a{refreshToken}" } }, "response": { "token": "t", "refreshToken": "r" }"#),
            [
                #"proxy.json:4:100: credentials.bloq.refresh.json.r: {refreshToken} is a whole value; write nothing before and behind it"#,
            ]),
        Mistake(
            "a refresh at another server",
            .credential(#""type": "token-endpoint", "request": { "url": "https://a.example/t" }, "refresh": { "url": "https://b.example/t", "json": { "r": "{refreshToken}" } }, "response": { "token": "t", "refreshToken": "r" }"#),
            [
                #"proxy.json:4:83: credentials.bloq.refresh: this is another server than that of "request"; write a URL at "a.example""#,
            ]),
    ]
}
