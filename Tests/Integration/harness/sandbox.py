"""The emulated providers as a process, and the way to what they count."""

import http.client
import json
import re
import socket
import ssl
from pathlib import Path

from . import limits
from .processes import BINARY, Process


class Sandbox(Process):
    """`bearerproxy sandbox` on ports that the kernel picked; `configuration` is the proxy.json that it wrote."""

    def __init__(self, directory: Path, *options):
        self.directory = directory
        command = [BINARY, "sandbox", "--port-base", "0", "--directory", directory, *options]
        super().__init__(command, directory, "sandbox")
        self.wait_until(lambda: b"Ctrl-C ends it" in self.output)
        # Comments stand after white space or at the beginning of a line; the slashes of a URL do not.
        self.configuration = json.loads(re.sub(r"(^|\s)//[^\n]*", r"\1", (directory / "proxy.json").read_text()))

    def route(self, name: str) -> dict:
        return next(route for route in self.configuration["routes"] if route["name"] == name)

    def secrets(self) -> list[str]:
        """The demo secrets: worth nothing elsewhere, and still not to be shown."""
        return [path.read_text() for path in self.directory.glob("*-client-secret")]

    def control(self, route: str, method: str, path: str) -> dict:
        """Asks the service behind a route itself: over TLS, under its real name, without a token."""
        settings = self.route(route)
        return self.ask(settings["upstream"], settings["connectTo"], method, path)

    def access_token(self) -> str:
        """A new one of Bloq's, for the demo keys."""
        settings = self.configuration["credentials"]["bloq"]
        keys = {name: Path(settings[name]["file"]).read_text() for name in ("clientId", "clientSecret")}
        content = json.dumps({"grantType": "clientCredentials", **keys})
        return self.ask(settings["accounts"], settings["connectTo"], "POST", "/auth/token", content)["accessToken"]

    def ask(self, origin: str, address: str, method: str, path: str, content: str | None = None) -> dict:
        """One request to a service, past any proxy."""
        name, port = origin.removeprefix("https://"), int(address.rpartition(":")[2])
        context = ssl.create_default_context(cafile=str(self.directory / "ca.pem"))
        connection = http.client.HTTPSConnection(name, timeout=limits.ANSWER)
        stream = socket.create_connection(("127.0.0.1", port), timeout=limits.ANSWER)
        connection.sock = context.wrap_socket(stream, server_hostname=name)
        try:
            connection.request(method, path, content)
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, (answer.status, body)
            return json.loads(body)
        finally:
            connection.close()
