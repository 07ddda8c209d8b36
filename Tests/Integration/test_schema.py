"""deploy/proxy.schema.json says what the decoder takes: the same keys, units and ranges, and the examples of this repository are valid.
The reference page is the schema's."""

import copy
import json
import re
import subprocess

import jsonschema
import pytest

from harness.processes import PACKAGE, bearerproxy

SCHEMA = json.loads((PACKAGE / "deploy/proxy.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
SECRET = {"env": "PATH"}


def route(**more):
    return {"listen": "127.0.0.1:1", "upstream": "https://a.example", "credential": "c", **more}


def call(**more):
    return {
        "method": "POST", "url": "https://a.example/x", "query": {"a": "b", "c": SECRET}, "headers": {"X-A": "b"},
        "basic": {"username": "me", "password": SECRET}, **more,
    }  # fmt: skip


NETWORK = {
    "tls": {"ca": "/ca.pem", "serverName": "a.example", "minimumVersion": "1.3"}, "connectTo": "127.0.0.1:2", "authTimeout": "9s",
    "timeouts": {"connect": "1s", "responseHead": "2s"},
}  # fmt: skip
CREDENTIALS = {
    "c": {"type": "static", "token": {"file": "/nonexistent"}},
    "d": {"type": "basic", "username": {"systemd": "x"}, "password": {"command": ["true"]}},
    "e": {"type": "bloq", "clientId": SECRET, "clientSecret": SECRET, "accounts": "https://b.example", **NETWORK},
    "f": {"type": "bloq-account", "username": SECRET, "password": SECRET, "accounts": "https://b.example", **NETWORK},
    "g": {"type": "bloquo", "customerId": SECRET, "clientId": SECRET, "clientSecret": SECRET, "api": "https://b.example", **NETWORK},
    "h": {
        "type": "oauth2", "tokenURL": "https://b.example/t", "clientId": SECRET, "clientSecret": SECRET, "scope": "a b",
        "authentication": "post", "query": {"a": "b"}, "parameters": {"audience": "c"}, "defaultLifetime": "1h", **NETWORK,
    },
    "i": {
        "type": "token-endpoint", "request": call(json={"a": [SECRET, 1, None]}), "refresh": call(form={"r": "{refreshToken}"}),
        "response": {
            "token": ["a.b", "c"], "expiresIn": "d", "refreshToken": "e", "success": {"path": "f", "equals": 0}, "type": "g", "error": "h",
        },
        "defaultLifetime": "1h", **NETWORK,
    },
}  # fmt: skip
# Holds every key once at least; it can be decoded, and no secret or file in it has to be there for that.
WHOLE = {
    "$schema": "proxy.schema.json",
    "routes": [
        route(
            name="one", exposed=False, host="*", pathPrefix="/", stripPrefix=False,
            listenTLS={"certificate": "/a.pem", "key": "/b.pem", "clientCA": "/c.pem", "minimumVersion": "1.2"},
            connectTo="127.0.0.1:2",
            tls={"ca": "/a.pem", "serverName": "b.example", "pinSHA256": ["A" * 43 + "="], "clientCertificate": "/c.pem",
                 "clientKey": "/d.pem", "minimumVersion": "1.2"},
            inject=[{"header": "Authorization", "value": "Bearer {token}"}],
            socketIOToken=False, cookies=False, decompress=False, serverTiming=False,
            allow={"users": ["root", 0, "@root"], "hosts": ["localhost"], "origins": ["http://localhost:3000"], "methods": ["POST"],
                   "paths": ["/x/*"], "requireHeader": "X-A: b", "rpcMethods": ["getblock*"]},
            reauthenticateOn=[{"status": 403, "header": "A: b", "body": "c"}], replayBody="1MiB",
            limits={"concurrency": 2, "queue": 3, "requestsPerSecond": 4, "requestBody": "1GiB"},
            timeouts={"requestHead": "1s", "requestBody": "2s", "keepAlive": "3s", "connect": "4s", "responseHead": "5s", "idle": "6s"},
        ),
        route(name="two", listen="127.0.0.1:2", preset="read-only"),
    ],
    "credentials": CREDENTIALS,
    "egressProxy": {"url": "http://p.example:3128", "username": SECRET, "password": SECRET},
    "tokenCache": {"file": "/nonexistent/tokens"},
    "admin": {"listen": "127.0.0.1:9"},
    "log": {"access": "stdout", "format": "json", "level": "info"},
    "limits": {"connections": 100, "connectionsPerUser": 10},
    "threads": 1,
    "drainTimeout": "30s",
}  # fmt: skip


def places(value, path=()):
    """The paths of all objects and values in a document."""
    yield path, value
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def changed(path, change):
    document = copy.deepcopy(WHOLE)
    target = document
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = change(target[path[-1]])
    return document


def text_of(path):
    """As messages name it: routes[0].tls"""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")


def findings(tmp_path, document):
    """What the decoder says, by key path. What only the machine knows, whether a file is there, it says after all that."""
    file = tmp_path / "proxy.json"
    file.write_text(json.dumps(document))
    done = bearerproxy("explain", "--config", file, "GET", "http://localhost:1/")
    found = [line.removeprefix(f"{file}:").partition(": ")[2] for line in done.stderr.splitlines() if line.startswith(f"{file}:")]
    return done, found


def schemas_of(path):
    """The schemas of objects with keys of their own that hold for the object at a path of the whole document."""
    nodes, instance = [SCHEMA], WHOLE
    for key in path:
        following = []
        for node in expanded(nodes, instance):
            if isinstance(key, int) and "items" in node:
                following.append(node["items"])
            elif key in node.get("properties", {}):
                following.append(node["properties"][key])
            elif isinstance(node.get("additionalProperties"), dict):
                following.append(node["additionalProperties"])
        nodes, instance = following, instance[key]
    return [node for node in expanded(nodes, instance) if node.get("additionalProperties") is False]


def expanded(nodes, instance):
    for node in nodes:
        if "$ref" in node:
            yield from expanded([SCHEMA["$defs"][node["$ref"].removeprefix("#/$defs/")]], instance)
        yield node
        chosen = [part for part in [*node.get("anyOf", []), *node.get("oneOf", [])] if VALIDATOR.evolve(schema=part).is_valid(instance)]
        chosen += [part["then"] for part in node.get("allOf", []) if VALIDATOR.evolve(schema=part["if"]).is_valid(instance)]
        yield from expanded(chosen, instance)


def test_it_is_a_schema_and_takes_the_whole_document(tmp_path):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert [error.message for error in VALIDATOR.iter_errors(WHOLE)] == []
    _, found = findings(tmp_path, WHOLE)
    assert found == []


def test_both_know_the_same_keys(tmp_path):
    seen = 0
    for path, value in places(WHOLE):
        known = schemas_of(path)
        # Among values of the user's own, what is no secret is content.
        isContent = {"query", "headers", "parameters", "json", "form"} & set(path) or path[-2:] == ("basic", "username")
        if not isinstance(value, dict) or not known or isContent:
            continue
        document = changed(path, lambda value: {**value, "0123456789": 1}) if path else {**WHOLE, "0123456789": 1}
        _, found = findings(tmp_path, document)
        [message] = [line for line in found if "0123456789" in line.partition(": ")[0] and "unknown key" in line]
        decoders = set(json.loads("[" + message.partition("the keys here are ")[2].replace(" and ", ", ") + "]"))
        schemas = set().union(*(node["properties"] for node in known))
        if any(node in SCHEMA["$defs"]["secret"]["oneOf"] for node in known):
            schemas = {"env", "file", "systemd", "command"}
        assert decoders == schemas, text_of(path)
        assert not VALIDATOR.is_valid(document), text_of(path)
        seen += 1
    assert seen > 35


def test_the_whole_document_has_every_key():
    """Else the other tests would not see a key."""
    seen = {id(node) for path, value in places(WHOLE) if isinstance(value, dict) for node in schemas_of(path)}
    keys = {(id(node), key) for path, value in places(WHOLE) if isinstance(value, dict) for node in schemas_of(path) for key in value}

    def closed(node):
        if isinstance(node, dict):
            if node.get("additionalProperties") is False:
                yield node
            for child in node.values():
                yield from closed(child)
        elif isinstance(node, list):
            for child in node:
                yield from closed(child)

    unique = {json.dumps(node, sort_keys=True): node for node in closed(SCHEMA)}
    for node in unique.values():
        assert id(node) in seen or node in [other for other in closed(SCHEMA) if id(other) in seen], node["description"]
        same = [other for other in closed(SCHEMA) if other == node]
        missing = [key for key in node["properties"] if not any((id(other), key) in keys for other in same)]
        # One content or the other.
        assert set(missing) <= {"json", "form"}, (node["description"], missing)


@pytest.mark.parametrize("value", ["1ms", "30s", "5m", "1h", "999999999ms"])
def test_units_of_durations(tmp_path, value):
    document = {**WHOLE, "drainTimeout": value}
    assert VALIDATOR.is_valid(document)
    _, found = findings(tmp_path, document)
    assert not [line for line in found if "is no duration" in line]


@pytest.mark.parametrize("value", ["1B", "64KiB", "1MiB", "1GiB", 0, 65536])
def test_units_of_sizes(tmp_path, value):
    document = changed(("routes", 0, "limits", "requestBody"), lambda _: value)
    assert VALIDATOR.is_valid(document)
    assert findings(tmp_path, document)[1] == []


@pytest.mark.parametrize("value", ["1", "30 s", "1.5s", "-1s", "30S", "1d", "1234567890s"])
def test_what_is_no_duration(tmp_path, value):
    document = {**WHOLE, "drainTimeout": value}
    assert not VALIDATOR.is_valid(document)
    assert findings(tmp_path, document)[1]


def without_comments(text):
    return json.loads(re.sub(r"(^|\s)//[^\n]*", r"\1", text))


def test_the_examples_are_valid():
    documents = [without_comments((PACKAGE / "proxy.json").read_text())]
    for text in re.findall(r"```jsonc\n(.*?)```", (PACKAGE / "README.md").read_text(), re.S):
        text = text.strip()
        if text.startswith("{") and '"routes"' in text:
            documents.append(without_comments(text))
    assert len(documents) > 1
    for document in documents:
        assert [error.message for error in VALIDATOR.iter_errors(document)] == []


def test_every_range_is_the_decoder_s(tmp_path):
    seen = 0
    for path, value in places(WHOLE):
        if not path or not isinstance(value, int) or isinstance(value, bool) or "json" in path or path[-1] in ("equals",):
            continue
        parents = [node for node in schemas_of(path[:-1])]
        for bound, beyond in (("minimum", -1), ("maximum", 1)):
            for node in parents:
                leaf = node["properties"][path[-1]]
                limit = next((part[bound] for part in [leaf, *leaf.get("anyOf", [])] if bound in part), None)
                if limit is None:
                    continue
                where = text_of(path)
                assert not [line for line in findings(tmp_path, changed(path, lambda _: limit))[1] if line.startswith(where)], where
                assert [line for line in findings(tmp_path, changed(path, lambda _: limit + beyond))[1] if line.startswith(where)], where
                seen += 1
    assert seen >= 10


def test_the_reference_page_is_the_schema_s():
    done = subprocess.run([PACKAGE / "deploy/reference", "--check"])
    assert done.returncode == 0, "run deploy/reference"


def test_the_reference_page_has_every_key():
    page = (PACKAGE / "Sources/bearerproxy/Documentation.docc/Reference.md").read_text()
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    for row in rows:
        assert len(row) == 4 and all(cell.strip(" |") for cell in row), row
    for path, value in places(WHOLE):
        for node in schemas_of(path) if isinstance(value, dict) else ():
            for key in node["properties"]:
                assert f"| `{key}` |" in page, key
