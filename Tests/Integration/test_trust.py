"""Whose certificate is believed: the same for a request, a tunnel and a token call, each with what is refused beside what is not."""

import base64
import hashlib
import json
import ssl
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.certificates import KEY, Authority, Leaf, openssl
from harness.messages import eventually, request
from harness.processes import bearerproxy
from harness.upstream import Upstream, secret_file, unused_port
from test_malformed_requests import assert_own_error
from test_trouble import CLIENT_ID, CLIENT_SECRET, bloq, json_answer, jwt  # noqa: F401
from test_websockets import ACCEPTED, OFFER

NAME = "upstream.test"
ERRANDS = ("request", "tunnel", "token call")


def pin(certificate) -> str:
    key = subprocess.run(["openssl", "x509", "-in", str(certificate), "-pubkey", "-noout"], capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=key, capture_output=True, check=True).stdout
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def self_signed(directory, label: str, names: str) -> Leaf:
    certificate, key = directory / f"{label}.pem", directory / f"{label}-key.pem"
    openssl(
        "req", "-x509", *KEY, "-keyout", key, "-out", certificate, "-days", 30, "-subj", f"/CN={label}",
        "-addext", f"subjectAltName={names}", "-addext", "basicConstraints=CA:FALSE",
    )  # fmt: skip
    return Leaf(certificate, key)


@pytest.fixture(scope="module")
def leaves(authority, tmp_path_factory):
    directory = tmp_path_factory.mktemp("leaves")
    stranger = Authority(directory / "stranger", "stranger authority")
    constrained = Authority(directory / "constrained", "constrained authority", ["nameConstraints=critical,permitted;DNS:inside.test"])
    return {
        "right": authority.leaf("trust-right", [NAME]),
        "wildcard": authority.leaf("trust-wildcard", ["*.wild.test"]),
        "wildcard of all": authority.leaf("trust-wildcard-of-all", ["*.test"]),
        "address": authority.leaf("trust-address", ["127.0.0.9"]),
        "wrong name": authority.leaf("trust-wrong-name", ["other.test"]),
        "common name alone": authority.leaf(NAME, []),
        "expired": authority.leaf("trust-expired", [NAME], expired=True),
        "not yet valid": authority.leaf("trust-early", [NAME], begin="20390101000000Z"),
        "for clients": authority.leaf("trust-for-clients", [NAME], usage="clientAuth"),
        "stranger": stranger.leaf("strange", [NAME]),
        "self-signed": self_signed(directory, "own", f"DNS:{NAME}"),
        "constrained": constrained.leaf("constrained", [NAME]),
        "constrained CA": Leaf(constrained.certificate, constrained.key),
        "spare": authority.leaf("trust-spare", [NAME]),
    }


def serve(connection):
    """Answers whichever of the three errands comes."""
    connection.certificate = connection.stream.getpeercert()
    while (asked := connection.next()) is not None:
        if asked.method == "POST":
            connection.send(json_answer({"accessToken": jwt(3600), "refreshToken": jwt(9999)}))
        elif asked.all("Upgrade"):
            connection.send(ACCEPTED)
            return
        else:
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


@pytest.fixture
def run_errand(make_proxy, route, bloq, authority, tmp_path):  # noqa: F811
    """Runs an errand to a server that has a certificate; what the client is answered, and the server."""
    servers = []

    def run(errand: str, server: Upstream, tls: dict, name: str = NAME, environment=None):
        servers.append(server)
        if errand == "token call":
            credentials = bloq(server.port, accounts=f"https://{name}", tls=tls)
            proxy = make_proxy(
                route(unused_port(), credential="bloq"), credentials=credentials, secrets=[CLIENT_ID, CLIENT_SECRET], environment=environment
            )
        else:
            proxy = make_proxy(route(server.port, name=name, tls=tls), environment=environment)
        with proxy.client() as client:
            client.send(request(fields=OFFER if errand == "tunnel" else {}))
            if errand == "tunnel":
                answer = client.reader.head()
                answer.body = client.reader.take(int(answer.one("Content-Length") or 0))
                return answer
            return client.response()

    yield run
    for server in servers:
        server.close()


def assert_refused(errand, answer, server, words):
    if errand == "token call":
        assert_own_error(answer, 503, "credential_unavailable")
    else:
        assert_own_error(answer, 502, "upstream_tls")
    message = json.loads(answer.body)["error"]["message"]
    for word in words:
        assert word in message, message
    assert server.received == b"" and not server.requests


def assert_allowed(errand, answer, server):
    assert server.requests, answer.body
    # The token call's own errand is done when it has been asked; the route behind it leads nowhere.
    expected = {"request": 200, "tunnel": 101, "token call": 502}[errand]
    assert answer.status == expected, answer.body


REFUSED = {
    "wrong name": ["not valid for this name, but for other.test"],
    "wildcard of all": ["not valid for this name, but for *.test"],
    "common name alone": ["it carries no subjectAltName"],
    "expired": ["expired", "Feb  1 00:00:00 2020", "CN=trust-expired"],
    "not yet valid": ["not yet valid", "2039", "CN=trust-early", "clock"],
    "for clients": ["unsuitable certificate purpose", "CN=trust-for-clients"],
    "stranger": ["issuer: /CN=stranger authority", "CN=strange", "tls.ca"],
    "self-signed": ["self-signed", "CN=own", "tls.ca"],
}


@pytest.mark.parametrize("errand", ERRANDS)
@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_certificate_is_refused_before_a_byte_is_sent(run_errand, leaves, authority, case, errand):
    server = Upstream(leaves[case], serve)
    answer = run_errand(errand, server, {"ca": str(authority.certificate)})
    assert_refused(errand, answer, server, [NAME, "certificate refused", *REFUSED[case]])


@pytest.mark.parametrize("errand", ERRANDS)
@pytest.mark.parametrize("case, name", [("right", NAME), ("wildcard", "a.wild.test")])
def test_a_right_one_is_not(run_errand, leaves, authority, case, name, errand):
    server = Upstream(leaves[case], serve)
    assert_allowed(errand, run_errand(errand, server, {"ca": str(authority.certificate)}, name), server)


@pytest.mark.parametrize("name", ["a.b.wild.test", "wild.test"])
def test_a_wildcard_stands_for_one_label(run_errand, leaves, authority, name):
    server = Upstream(leaves["wildcard"], serve)
    answer = run_errand("request", server, {"ca": str(authority.certificate)}, name)
    assert_own_error(answer, 502, "upstream_tls")
    assert b"but for *.wild.test" in answer.body and server.received == b""


def test_a_self_signed_certificate_is_trusted_by_its_own_file(run_errand, leaves):
    server = Upstream(leaves["self-signed"], serve)
    assert_allowed("request", run_errand("request", server, {"ca": str(leaves["self-signed"].certificate)}), server)


def test_a_name_beyond_the_authority_s_constraints_is_refused(run_errand, leaves):
    server = Upstream(leaves["constrained"], serve)
    answer = run_errand("request", server, {"ca": str(leaves["constrained CA"].certificate)})
    assert_refused("request", answer, server, ["permitted subtree violation"])


@pytest.mark.parametrize("leaf, name, words", [("address", "127.0.0.9", None), ("right", "127.0.0.9", [NAME]), ("address", NAME, ["127.0.0.9"])])
def test_an_address_is_verified_as_an_address(run_errand, leaves, authority, leaf, name, words):
    server = Upstream(leaves[leaf], serve)
    answer = run_errand("request", server, {"ca": str(authority.certificate)}, name=name)
    if words is None:
        assert_allowed("request", answer, server)
    else:
        assert_refused("request", answer, server, words)


def test_another_name_may_be_verified_and_is_asked_for(run_errand, leaves, authority):
    tls = {"ca": str(authority.certificate), "serverName": "other.test"}
    server = Upstream(leaves["wrong name"], serve)
    assert_allowed("request", run_errand("request", server, tls), server)
    assert server.names == ["other.test"] and server.requests[0].one("Host") == NAME
    server = Upstream(leaves["right"], serve)
    assert_refused("request", run_errand("request", server, tls), server, ["other.test"])


@pytest.mark.parametrize("errand", ERRANDS)
def test_a_pin_that_fits_none_is_refused_and_the_found_ones_are_told(run_errand, leaves, authority, errand):
    server = Upstream(leaves["right"], serve)
    tls = {"ca": str(authority.certificate), "pinSHA256": [pin(leaves["spare"].certificate), "A" * 43 + "="]}
    found = [pin(leaves["right"].certificate), pin(authority.certificate)]
    assert_refused(errand, run_errand(errand, server, tls), server, ["none of the public keys of its chain is one of the 2 in tls.pinSHA256", *found])


@pytest.mark.parametrize("errand", ERRANDS)
@pytest.mark.parametrize("pinned", ["right", "spare"])
def test_the_key_in_use_and_the_one_in_reserve_are_both_believed(run_errand, leaves, authority, pinned, errand):
    server = Upstream(leaves[pinned], serve)
    tls = {"ca": str(authority.certificate), "pinSHA256": [pin(leaves["right"].certificate), pin(leaves["spare"].certificate)]}
    assert_allowed(errand, run_errand(errand, server, tls), server)


def test_a_pin_revokes_nothing_less_than_the_verification(run_errand, leaves, authority):
    for case in ("expired", "stranger", "wrong name"):
        server = Upstream(leaves[case], serve)
        tls = {"ca": str(authority.certificate), "pinSHA256": [pin(leaves[case].certificate)]}
        assert_refused("request", run_errand("request", server, tls), server, ["certificate refused"])


@pytest.mark.parametrize("errand", ERRANDS)
def test_the_minimum_version_is_held(run_errand, leaves, authority, errand):
    for minimum, is_allowed in (("1.2", True), ("1.3", False)):
        server = Upstream(leaves["right"], serve)
        server.context.maximum_version = ssl.TLSVersion.TLSv1_2
        answer = run_errand(errand, server, {"ca": str(authority.certificate), "minimumVersion": minimum})
        if is_allowed:
            assert_allowed(errand, answer, server)
        else:
            assert_refused(errand, answer, server, ["protocol version"])


@pytest.mark.parametrize("errand", ERRANDS)
def test_a_server_that_asks_who_we_are_gets_our_certificate(run_errand, leaves, authority, errand):
    mine = {"clientCertificate": str(leaves["for clients"].certificate), "clientKey": str(leaves["for clients"].key)}
    for tls in (mine, {}):
        server = Upstream(leaves["right"], serve)
        server.context.verify_mode = ssl.CERT_REQUIRED
        server.context.load_verify_locations(authority.certificate)
        answer = run_errand(errand, server, {"ca": str(authority.certificate), **tls})
        if tls:
            assert_allowed(errand, answer, server)
            assert dict(server.connections[0].certificate["subject"][0]) == {"commonName": "trust-for-clients"}
        else:
            assert answer.status in (502, 503) and not server.requests


def test_the_system_s_authorities_are_those_that_openssl_s_variables_name(run_errand, leaves, authority, tmp_path):
    for environment in ({"SSL_CERT_FILE": str(authority.certificate)}, {"SSL_CERT_DIR": str(tmp_path)}, {}):
        if "SSL_CERT_DIR" in environment:
            (tmp_path / "ca.pem").write_bytes(authority.certificate.read_bytes())
            openssl("rehash", tmp_path)
        server = Upstream(leaves["right"], serve)
        answer = run_errand("request", server, {}, environment=environment)
        if environment:
            assert_allowed("request", answer, server)
        else:
            assert_refused("request", answer, server, ["tls.ca"])


def test_an_authority_is_found_in_the_bundle_where_the_directory_has_none_or_an_old_one(run_errand, authority, tmp_path):
    renewed = Authority(tmp_path / "renewed", "renewed authority")
    leaf = renewed.leaf("renewed-leaf", [NAME])
    old = tmp_path / "old.pem"
    openssl(
        "ca", "-batch", "-notext", "-config", renewed.configuration, "-selfsign", "-keyfile", renewed.key, "-in", signing_request(renewed),
        "-out", old, "-extfile", authority_extensions(tmp_path), "-startdate", "20200101000000Z", "-enddate", "20200201000000Z",
    )  # fmt: skip
    for label, (in_directory, in_bundle, is_right) in {
        "neither": (authority.certificate, authority.certificate, False),
        "the bundle alone": (authority.certificate, renewed.certificate, True),
        "the directory alone": (renewed.certificate, authority.certificate, True),
        "the directory, and no bundle": (renewed.certificate, tmp_path / "absent.pem", True),
        "an old one in the directory": (old, renewed.certificate, True),
        "an old one": (old, tmp_path / "absent.pem", False),
    }.items():
        directory = tmp_path / label
        directory.mkdir()
        (directory / "ca.pem").write_bytes(in_directory.read_bytes())
        openssl("rehash", directory)
        server = Upstream(leaf, serve)
        answer = run_errand("request", server, {}, environment={"SSL_CERT_DIR": str(directory), "SSL_CERT_FILE": str(in_bundle)})
        if is_right:
            assert_allowed("request", answer, server)
        else:
            assert_refused("request", answer, server, ["expired"] if label == "an old one" else ["tls.ca"])


def signing_request(authority) -> Path:
    file = authority.directory / "own.csr"
    openssl("req", "-new", "-key", authority.key, "-out", file, "-subj", "/CN=renewed authority")
    return file


def authority_extensions(directory) -> Path:
    file = directory / "authority.ext"
    file.write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n")
    return file


def test_threads_that_need_the_bundle_at_once_read_it_once(make_proxy, route, leaves, authority, tmp_path):
    # A hundred other certificates, so that the second thread comes while the first one reads.
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(b"".join(leaf.certificate.read_bytes() for leaf in leaves.values()) * 8 + authority.certificate.read_bytes())
    environment = {"SSL_CERT_FILE": str(bundle), "SSL_CERT_DIR": str(tmp_path / "absent")}
    server = Upstream(leaves["right"], serve)
    try:
        proxy = make_proxy(route(server.port, name=NAME, tls={}), environment=environment, threads=2)
        with ExitStack() as stack:
            clients = [stack.enter_context(proxy.client()) for _ in range(16)]
            for client in clients:
                client.send(request())
            assert [client.response().status for client in clients] == [200] * 16
    finally:
        server.close()


def test_a_bundle_that_cannot_be_read_is_told_of_once_and_read_again_when_it_is_mended(make_proxy, route, leaves, authority, tmp_path):
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(b"-----BEGIN CERTIFICATE-----\nno certificate\n-----END CERTIFICATE-----\n")
    environment = {"SSL_CERT_FILE": str(bundle), "SSL_CERT_DIR": str(tmp_path / "absent")}
    server = Upstream(leaves["right"], serve)
    try:
        proxy = make_proxy(route(server.port, name=NAME, tls={}), environment=environment)

        def ask():
            with proxy.client() as client:
                return client.ask(request()).status

        assert [ask() for _ in range(8)] == [502] * 8
        told = [line for line in proxy.err.read_text().splitlines() if str(bundle) in line]
        assert len(told) == 1 and "authorities" in told[0], told
        bundle.write_bytes(authority.certificate.read_bytes())
        assert eventually(lambda: ask() == 200, 30)
    finally:
        server.close()


def test_check_tells_of_a_key_that_all_may_read_and_of_a_pin_alone(tmp_path, leaves, route):
    key = tmp_path / "client-key.pem"
    key.write_bytes(leaves["right"].key.read_bytes())
    token = secret_file(tmp_path, "token", "t" * 20)
    tls = {"clientCertificate": str(leaves["right"].certificate), "clientKey": str(key), "pinSHA256": ["A" * 43 + "="]}
    file = tmp_path / "proxy.json"
    configuration = {"routes": [route(1, tls=tls, listen="127.0.0.1:0")], "credentials": {"fixed": {"type": "static", "token": {"file": str(token)}}}}
    file.write_text(json.dumps(configuration))
    for mode, is_told in ((0o644, True), (0o600, False)):
        key.chmod(mode)
        done = bearerproxy("check", "--config", file)
        assert done.returncode == 0, done.stderr
        assert (f'clientKey: "{key}" can be read by every user' in done.stderr) == is_told, done.stderr
        assert "with one pin alone" in done.stderr


def test_a_key_that_would_turn_the_verification_off_is_answered_with_what_to_do(tmp_path, route):
    token = secret_file(tmp_path, "token", "t" * 20)
    file = tmp_path / "proxy.json"
    configuration = {
        "routes": [route(1, tls={"insecureSkipVerify": True}, listen="127.0.0.1:0")],
        "credentials": {"fixed": {"type": "static", "token": {"file": str(token)}}},
    }
    file.write_text(json.dumps(configuration))
    done = bearerproxy("check", "--config", file)
    assert done.returncode == 1 and "the verification cannot be turned off" in done.stderr
