"""Machines of their own, and lines between them that lose, delay, repeat, reorder and spoil packets, reset connections and go dead.

Each machine is a network namespace of the kernel, and each line a pair of TUN devices; what the kernel's TCP sends on one comes out of the
other as this module lets it. So it needs no `netem`, which many kernels do not have: root's rights and /dev/net/tun are enough.

    python -m harness.weather SEED DESCRIPTOR...
"""

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

from . import limits

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFDSTADDR, SIOCSIFNETMASK, SIOCSIFMTU = 0x8914, 0x8916, 0x8918, 0x891C, 0x8922
IFF_UP = 1
FIN, SYN, RST, ACK = 1, 2, 4, 16

# Shares of packets, and seconds.
STORM = {
    "lost": 0.025, "repeated": 0.02, "spoilt": 0.01, "late": 0.05, "delay": [0.0005, 0.004], "late_delay": [0.01, 0.06],
    # Both ends of a connection are told that it is over, or one of them.
    "reset": 0.0015, "reset_one_end": 0.0015,
    # A connection whose packets all vanish for a while, as behind a router that has forgotten it; and a line that does.
    "dead": 0.0012, "dead_seconds": [0.3, 4], "outage_every": 4, "outage_seconds": [0.1, 0.8],
}  # fmt: skip
CALM = {"delay": [0, 0]}


def why_not() -> str | None:
    """Why there cannot be such machines here."""
    if os.geteuid() != 0:
        return "network namespaces take root's rights"
    try:
        machine = Machine()
        try:
            os.close(machine.device("probe", "10.77.9.1", "10.77.9.2"))
        finally:
            machine.close()
    except OSError as reason:
        return f"this kernel, or this container, allows no network namespace with a TUN device: {reason}"
    return None


def checked(result: int):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class Machine:
    """A network namespace. It goes with its descriptor and whatever is in it."""

    def __init__(self):
        self.space = -1
        self.enter(lambda: None)

    def enter(self, work):
        """Does work whose sockets, and whose processes, are this machine's: a namespace is a thread's own."""
        results, failures = [], []

        def run():
            try:
                if self.space >= 0:
                    checked(LIBC.setns(self.space, CLONE_NEWNET))
                else:
                    checked(LIBC.unshare(CLONE_NEWNET))
                    self.space = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
                    configure("lo", flags=IFF_UP)
                results.append(work())
            except BaseException as failure:
                failures.append(failure)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(limits.TEST)
        if failures:
            raise failures[0]
        return results[0]

    def device(self, name: str, address: str, peer: str, size: int = 1400) -> int:
        """A TUN device; the descriptor is the other end of it."""

        def make():
            descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
                configure(name, address, peer, size, IFF_UP)
            except BaseException:
                os.close(descriptor)
                raise
            return descriptor

        return self.enter(make)

    def close(self):
        os.close(self.space)


def configure(name: str, address: str | None = None, peer: str | None = None, size: int | None = None, flags: int = 0):
    """What `ip` would do; in the namespace of the thread."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for code, text in [(SIOCSIFADDR, address), (SIOCSIFDSTADDR, peer), (SIOCSIFNETMASK, "255.255.255.255")]:
            if text and address:
                place = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(text))
                fcntl.ioctl(asking, code, struct.pack("16s16s8x", name.encode(), place))
        if size:
            fcntl.ioctl(asking, SIOCSIFMTU, struct.pack("16si20x", name.encode(), size))
        fcntl.ioctl(asking, SIOCSIFFLAGS, struct.pack("16sH22x", name.encode(), flags))


class Weather:
    """The process that carries the packets of all lines; `storm` and `calm` tell it how."""

    def __init__(self, seed: str, ends: list[tuple[int, int]]):
        numbers = [number for pair in ends for number in pair]
        command = [sys.executable, "-m", "harness.weather", seed, *map(str, numbers)]
        self.process = subprocess.Popen(
            command, cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=numbers
        )
        for number in numbers:
            os.close(number)

    def storm(self):
        self.tell(STORM)

    def calm(self):
        self.tell(CALM)

    def tell(self, settings: dict):
        self.process.stdin.write(json.dumps(settings).encode() + b"\n")
        self.process.stdin.flush()

    def end(self) -> dict:
        """What it did to how many packets."""
        out, _ = self.process.communicate(timeout=limits.END)
        return json.loads(out)


# MARK: in the process that carries packets


def checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def reset(source: bytes, destination: bytes, ports: bytes, sequence: int, acknowledged: int) -> bytes:
    """A whole IPv4 packet with RST, as the kernel at `source` would make it."""
    segment = ports + struct.pack(">IIBBHHH", sequence, acknowledged, 5 << 4, RST | ACK, 0, 0, 0)
    pseudo = source + destination + struct.pack(">BBH", 0, 6, len(segment))
    segment = segment[:16] + struct.pack(">H", checksum(pseudo + segment)) + segment[18:]
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), 0, 0x4000, 64, 6, 0, source, destination)
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + segment


class Carrier:
    def __init__(self, seed: str, numbers: list[int]):
        self.dice = random.Random(seed)
        # Each end's other end.
        self.others = {number: numbers[index ^ 1] for index, number in enumerate(numbers)}
        self.lines = {number: index // 2 for index, number in enumerate(numbers)}
        self.settings = CALM
        self.waiting: list[tuple[float, int, int, bytes]] = []
        self.count = 0
        self.did = dict.fromkeys(["carried", "lost", "repeated", "spoilt", "late", "reset", "reset_one_end", "dead", "outages"], 0)
        self.dead: dict[bytes, float] = {}
        self.outages: dict[int, float] = {}
        self.next_outage = 0.0

    def run(self):
        poller = select.epoll()
        for number in [*self.others, 0]:
            poller.register(number, select.EPOLLIN)
        while True:
            pause = max(0.0, self.waiting[0][0] - time.monotonic()) if self.waiting else 0.2
            for number, _ in poller.poll(min(pause, 0.2)):
                if number == 0:
                    line = sys.stdin.buffer.readline()
                    if not line:
                        print(json.dumps(self.did))
                        return
                    self.settings = json.loads(line)
                    self.dead.clear()
                    self.outages.clear()
                    continue
                self.drain(number)
            now = time.monotonic()
            while self.waiting and self.waiting[0][0] <= now:
                _, _, number, packet = heapq.heappop(self.waiting)
                try:
                    os.write(number, packet)
                except OSError:
                    # Its queue is full: one more that is lost.
                    self.did["lost"] += 1

    def drain(self, number: int):
        for _ in range(64):
            try:
                packet = os.read(number, 2048)
            except BlockingIOError:
                return
            if packet[0] >> 4 == 4 and packet[9] == 6:
                self.take(number, packet)

    def happens(self, name: str) -> bool:
        if self.dice.random() >= self.settings.get(name, 0):
            return False
        self.did[name] += 1
        return True

    def take(self, number: int, packet: bytes):
        now = time.monotonic()
        self.break_lines(now)
        if self.outages.get(self.lines[number], 0) > now or self.is_dead(packet, now):
            self.did["lost"] += 1
            return
        if self.happens("lost"):
            return
        if not packet[33] & (SYN | RST):
            if self.happens("reset"):
                self.reset(number, packet, [True, True], now)
                return
            if self.happens("reset_one_end"):
                self.reset(number, packet, self.dice.choice([[True, False], [False, True]]), now)
                return
        delay = self.dice.uniform(*self.settings["delay"])
        if self.happens("late"):
            delay += self.dice.uniform(*self.settings["late_delay"])
        if self.happens("spoilt"):
            # The kernel's checksums are there to notice.
            place = self.dice.randrange(20, len(packet))
            packet = packet[:place] + bytes([packet[place] ^ self.dice.randrange(1, 256)]) + packet[place + 1 :]
        self.carry(number, packet, now + delay)
        if self.happens("repeated"):
            self.carry(number, packet, now + delay + self.dice.uniform(*self.settings["late_delay"]))

    def carry(self, number: int, packet: bytes, due: float):
        self.did["carried"] += 1
        self.count += 1
        heapq.heappush(self.waiting, (due, self.count, self.others[number], packet))

    def is_dead(self, packet: bytes, now: float) -> bool:
        ends = sorted([packet[12:16] + packet[20:22], packet[16:20] + packet[22:24]])
        flow = b"".join(ends)
        if self.happens("dead"):
            self.dead[flow] = now + self.dice.uniform(*self.settings["dead_seconds"])
        return self.dead.get(flow, 0) > now

    def break_lines(self, now: float):
        every = self.settings.get("outage_every")
        if every is None or now < self.next_outage:
            return
        if self.next_outage:
            line = self.dice.choice(sorted(set(self.lines.values())))
            self.outages[line] = now + self.dice.uniform(*self.settings["outage_seconds"])
            self.did["outages"] += 1
        self.next_outage = now + self.dice.uniform(0.5, 1.5) * every

    def reset(self, number: int, packet: bytes, ends: list[bool], now: float):
        """In the place of this packet: what the kernel of either end would have said."""
        source, destination, ports = packet[12:16], packet[16:20], packet[20:24]
        sequence, acknowledged = struct.unpack(">II", packet[24:32])
        if ends[0]:
            self.carry(number, reset(source, destination, ports, sequence, acknowledged), now)
        if ends[1]:
            self.carry(self.others[number], reset(destination, source, ports[2:] + ports[:2], acknowledged, sequence), now)


if __name__ == "__main__":
    seed, *numbers = sys.argv[1:]
    Carrier(seed, [int(number) for number in numbers]).run()
