"""What the proxy writes and makes, the access log and Unix sockets: `check` tells what `run` would fail at."""

import json
import os
import socket

import pytest
from harness.processes import bearerproxy
from harness.upstream import secret_file, unused_port


@pytest.fixture
def written(tmp_path):
    """A configuration with a secret, as a file; `change` may alter the document."""
    secret = secret_file(tmp_path, "token", "a-token-that-nobody-knows")

    def make(change):
        route = {"listen": f"127.0.0.1:{unused_port()}", "upstream": "https://api.example.com", "credential": "fixed"}
        document = {"routes": [route], "credentials": {"fixed": {"type": "static", "token": {"file": str(secret)}}}}
        change(document)
        file = tmp_path / "proxy.json"
        file.write_text(json.dumps(document))
        return file

    return make


def both(file, reason, code):
    """The same is told by `check`, and ends a start."""
    done = bearerproxy("check", "--config", file)
    assert done.returncode == 1 and reason in done.stderr and "no mistakes" not in done.stdout, done
    assert bearerproxy("run", "--config", file).returncode == code


@pytest.mark.parametrize("name", ["token", "tokens", "proxy.json", "link", "./token"])
def test_the_access_log_is_no_file_that_is_something_else(written, tmp_path, name):
    (tmp_path / "link").symlink_to(tmp_path / "token")
    before = (tmp_path / "token").read_bytes()
    file = written(lambda document: document.update(log={"access": f"{tmp_path}/{name}"}, tokenCache={"file": str(tmp_path / "tokens")}))
    text = file.read_bytes()
    both(file, "would be written into", 78)
    assert (tmp_path / "token").read_bytes() == before and file.read_bytes() == text


@pytest.mark.parametrize("name, reason", [("missing/access.log", "is not there"), (".", "is a directory")])
def test_the_access_log_has_a_directory(written, tmp_path, name, reason):
    file = written(lambda document: document.update(log={"access": f"{tmp_path}/{name}"}))
    both(file, reason, 1)
    # A build server is not the machine that it is for.
    done = bearerproxy("check", "--without-secrets", "--config", file)
    assert done.returncode == 0, done


@pytest.mark.parametrize("part", ["route", "admin"])
@pytest.mark.parametrize("name, reason", [("missing/a.sock", "is not there"), ("token", "is no socket")])
def test_a_unix_socket_has_a_directory_and_no_other_file_s_name(written, tmp_path, part, name, reason):
    def change(document):
        listen = f"unix:{tmp_path}/{name}"
        if part == "route":
            document["routes"][0]["listen"] = listen
        else:
            document["admin"] = {"listen": listen}

    both(written(change), reason, 1)
    assert (tmp_path / "token").read_text().startswith("a-token")


def test_what_is_there_already_is_no_mistake(written, tmp_path):
    """A log of yesterday, a socket that a process left, and a directory that systemd makes at the start."""
    (tmp_path / "access.log").write_text("{}\n")
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "a.sock"))
    left.close()

    def change(document):
        document["log"] = {"access": str(tmp_path / "access.log")}
        document["routes"][0]["listen"] = f"unix:{tmp_path}/a.sock"
        document["admin"] = {"listen": "unix:/run/no-such-service/admin.sock"}

    done = bearerproxy("check", "--config", written(change))
    assert done.returncode == 0 and 'warning: ' in done.stderr and '"/run/no-such-service" is not there' in done.stderr, done
    assert os.path.exists(tmp_path / "a.sock")
