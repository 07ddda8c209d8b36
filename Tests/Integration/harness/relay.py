"""A line made of two TCP connections, between a client and a server of this machine, that breaks as its seed says: bytes come one by one, late, or
never; either way ends by itself, or both do, at any byte, with an end or with a reset."""

import random
import socket
import struct
import threading
import time

from . import limits
from .messages import eventually

# What becomes of one way of a connection, and how often of a hundred.
FATES = {"nothing": 76, "trickle": 6, "stall": 5, "end of both": 3, "reset of both": 4, "end of this way": 3, "nothing more comes": 3}
STALL = (0.1, 4)


class Relay:
    """Listens at `port`, and leads to `destination`."""

    def __init__(self, destination: int, seed: str):
        self.destination, self.seed = destination, seed
        self.is_calm = threading.Event()
        self.is_calm.set()
        self.did = dict.fromkeys(FATES, 0)
        self.lock = threading.Lock()
        self.open: set[socket.socket] = set()
        self.spoilt: set[socket.socket] = set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.accepted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def storm(self):
        self.is_calm.clear()

    def calm(self):
        """Nothing breaks from now on, and what has been broken comes to its end."""
        self.is_calm.set()
        with self.lock:
            for stream in self.spoilt & self.open:
                self.shut(stream, socket.SHUT_RDWR)

    def close(self):
        # Wakes the thread that accepts; each thread closes what is its own.
        self.shut(self.listener, socket.SHUT_RDWR)
        with self.lock:
            for stream in self.open:
                self.shut(stream, socket.SHUT_RDWR)
        assert eventually(lambda: not self.open)

    @staticmethod
    def shut(stream: socket.socket, how: int):
        try:
            stream.shutdown(how)
        except OSError:
            pass

    def _accept(self):
        with self.listener:
            while True:
                try:
                    near, _ = self.listener.accept()
                except OSError:
                    return
                self.accepted += 1
                dice = random.Random(f"{self.seed}/{self.accepted}")
                threading.Thread(target=self._lead, args=(near, dice), daemon=True).start()

    def _lead(self, near: socket.socket, dice: random.Random):
        near.settimeout(limits.TEST)
        with near:
            try:
                far = socket.create_connection(("127.0.0.1", self.destination), timeout=limits.ANSWER)
            except OSError:
                return
            far.settimeout(limits.TEST)
            with far:
                streams = near, far
                for stream in streams:
                    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self.lock:
                    self.open.update(streams)
                is_reset = threading.Event()
                ways = [Way(self, *ends, random.Random(dice.random()), is_reset) for ends in (streams, streams[::-1])]
                other = threading.Thread(target=ways[1].run, daemon=True)
                other.start()
                ways[0].run()
                other.join()
                with self.lock:
                    self.open.difference_update(streams)
                    self.spoilt.difference_update(streams)


class Way:
    """One direction of a connection."""

    def __init__(self, relay: Relay, source: socket.socket, sink: socket.socket, dice: random.Random, is_reset: threading.Event):
        self.relay, self.source, self.sink, self.dice, self.is_reset = relay, source, sink, dice, is_reset
        self.count = 0
        self.draw()

    def draw(self):
        """What is next, and at which byte: as likely among the next hundred as between ten thousand and a hundred thousand."""
        self.fate = self.dice.choices(list(FATES), FATES.values())[0]
        self.place = self.count + int(10 ** self.dice.uniform(0, 5))

    def run(self):
        try:
            while data := self.source.recv(65536):
                if not self.carry(data):
                    return
            if not self.is_reset.is_set():
                self.sink.shutdown(socket.SHUT_WR)
        except OSError:
            for stream in (self.source, self.sink):
                self.relay.shut(stream, socket.SHUT_RDWR)

    def carry(self, data: bytes) -> bool:
        """False when this way has ended."""
        before, self.count = self.count, self.count + len(data)
        is_here = self.place < self.count
        if self.fate == "nothing" or self.relay.is_calm.is_set() or not is_here:
            self.sink.sendall(data)
            if is_here:
                self.draw()
            return True
        first, rest = data[: max(0, self.place - before)], data[max(0, self.place - before) :]
        self.sink.sendall(first)
        with self.relay.lock:
            self.relay.did[self.fate] += 1
            self.relay.spoilt.update((self.source, self.sink))
        goes_on = self.act(rest)
        self.draw()
        return goes_on

    def act(self, rest: bytes) -> bool:
        match self.fate:
            case "trickle":
                for start in range(0, min(len(rest), 300), 3):
                    self.sink.sendall(rest[start : start + 3])
                    time.sleep(0.001)
                self.sink.sendall(rest[300:])
            case "stall":
                self.relay.is_calm.wait(self.dice.uniform(*STALL))
                self.sink.sendall(rest)
            case "end of both":
                for stream in (self.source, self.sink):
                    self.relay.shut(stream, socket.SHUT_RDWR)
                return False
            case "reset of both":
                # What the end of a socket that does not linger is; the thread that leads closes it when neither way is read any more.
                self.is_reset.set()
                for stream in (self.source, self.sink):
                    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.relay.shut(stream, socket.SHUT_RD)
                return False
            case "end of this way":
                self.sink.shutdown(socket.SHUT_WR)
                return False
            case "nothing more comes":
                while self.source.recv(65536):
                    pass
                return False
        return True
