"""An upstream that stops accepting connections for a while; its port stays its own."""

import socket
import threading

from .upstream import Upstream, unused_port


class Interruptible(Upstream):
    def __init__(self, leaf, serve=None):
        self.accepting = threading.Event()
        self.accepting.set()
        super().__init__(leaf, serve)

    def listen(self) -> socket.socket:
        # Only a port that was asked for by its number stays with a listener that was shut down, and can listen again.
        return socket.create_server(("127.0.0.1", unused_port()), backlog=512)

    def refuse(self):
        """From now on the kernel refuses connections to the port. Those that are open stay open."""
        self.accepting.clear()
        self.listener.shutdown(socket.SHUT_RDWR)

    def accept_again(self):
        self.listener.listen(512)
        self.accepting.set()

    def close(self):
        self.closing = True
        if not self.accepting.is_set():
            self.accept_again()
        super().close()

    def _accept(self):
        while not self.closing:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                self.accepting.wait()
                continue
            self.accepted += 1
            threading.Thread(target=self._handle, args=(stream,), daemon=True).start()
        self.listener.close()
