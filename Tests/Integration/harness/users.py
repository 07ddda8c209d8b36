"""Clients that are other users of this machine: made with setpriv, so the tests' own user has to be root."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from . import limits

# Numbers that no machine gives to anybody, and accounts that every Debian and Ubuntu has.
ALICE, MALLORY = 54321, 54322
DAEMON, BIN = 1, 2

# The tests' own interpreter may lie where other users cannot go.
PYTHON = next((path for path in ["/usr/bin/python3", "/usr/local/bin/python3"] if os.access(path, os.X_OK)), "python3")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="to be another user takes root")

# Sends standard input to the address given, and prints what comes back; PRELUDE is run on the socket that is connected.
_CLIENT = """
import socket, sys, os, time
address = sys.argv[1]
data = sys.stdin.buffer.read()
if address.startswith("/"):
    client = socket.socket(socket.AF_UNIX)
    client.connect(address)
else:
    host, _, port = address.rpartition(":")
    client = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    client.connect((host, int(port)))
client.settimeout(%d)
PRELUDE
client.sendall(data)
while piece := client.recv(65536):
    sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
"""


def run_as(user: int, *arguments, data: bytes = b"", group: int | None = None) -> subprocess.CompletedProcess:
    """Runs a program as this user, in no further groups, to its end."""
    setpriv = ["setpriv", f"--reuid={user}", f"--regid={user if group is None else group}", "--clear-groups", "--"]
    return subprocess.run(
        [*setpriv, *map(str, arguments)], input=data, capture_output=True, timeout=limits.TEST, cwd="/", check=False
    )


def ask_as(user: int, address: str, data: bytes, prelude: str = "") -> bytes:
    """What the proxy at `HOST:PORT` or at a socket's path answers to this user, until it closes; the error where there is none."""
    script = (_CLIENT % limits.ANSWER).replace("PRELUDE", prelude)
    done = run_as(user, PYTHON, "-c", script, address, data=data)
    return done.stdout or done.stderr


def open_directory() -> Path:
    """A directory that every user may enter, which none of pytest's is."""
    path = Path(tempfile.mkdtemp(prefix="bearerproxy-"))
    path.chmod(0o755)
    return path


def remove(path: Path):
    shutil.rmtree(path, ignore_errors=True)
