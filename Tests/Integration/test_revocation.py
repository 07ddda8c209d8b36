"""The main promise, on real processes: a token is revoked in the middle of 200 concurrent requests, and no client sees it.

The emulated providers and the proxy run as processes of their own; this test only asks, revokes, and counts."""

import http.client
import json
import re
import ssl
import threading

import pytest

from harness import limits
from harness.processes import BINARY, Process, Proxy
from harness.upstream import unused_port

CLIENTS = 200
# In three waves: before, with and after the revocation.
WAVES = (70, 60, 70)


class Sandbox(Process):
    """`bearerproxy sandbox` on ports that the kernel picked, and the configuration that it wrote."""

    def __init__(self, directory):
        self.directory = directory
        super().__init__([BINARY, "sandbox", "--port-base", "0", "--directory", directory], directory, "sandbox")
        self.wait_until(lambda: (directory / "proxy.json").exists() and (directory / "ca.pem").exists() and self.parsed())
        self.configuration = self.parsed()

    def parsed(self):
        try:
            # Comments stand at the beginning of lines or after white space; a URL's slashes do not.
            return json.loads(re.sub(r"(^|\s)//[^\n]*", r"\1", (self.directory / "proxy.json").read_text()))
        except (ValueError, OSError):
            return None

    def route(self, host: str) -> dict:
        return next(route for route in self.configuration["routes"] if host in route["upstream"])

    def control(self, host: str, method: str, path: str) -> dict:
        """Asks the service itself, over TLS and under its real name."""
        port = int(self.route(host)["connectTo"].rpartition(":")[2])
        context = ssl.create_default_context(cafile=self.directory / "ca.pem")
        connection = http.client.HTTPSConnection(host, port, timeout=limits.ANSWER, context=context)
        connection._create_connection = lambda address, *rest, **more: __import__("socket").create_connection(
            ("127.0.0.1", port), limits.ANSWER
        )
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status in (200, 204), (answer.status, content)
            return json.loads(content) if content else {}
        finally:
            connection.close()
