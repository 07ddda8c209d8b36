"""Clients that speak TLS with the proxy."""

import ssl
from pathlib import Path

from .certificates import Leaf
from .messages import Client, Reader


def trusting(ca: Path, leaf: Leaf | None = None) -> ssl.SSLContext:
    """Verifies the proxy, and shows the certificate of `leaf`, if there is one."""
    context = ssl.create_default_context(cafile=str(ca))
    context.set_alpn_protocols(["http/1.1"])
    if leaf is not None:
        context.load_cert_chain(leaf.certificate, leaf.key)
    return context


class SecureClient(Client):
    """One connection to the proxy over TLS. An end without close_notify raises `ssl.SSLEOFError` where it is looked for."""

    def __init__(self, port: int, context: ssl.SSLContext, watch=None, name: str = "localhost", **where):
        super().__init__(port, watch, **where)
        try:
            self.connection = context.wrap_socket(self.connection, server_hostname=name, suppress_ragged_eofs=False)
        except BaseException:
            self.connection.close()
            raise
        self.reader = Reader(self.connection)
