"""The orders of test_weather.py over lines that need no rights of root: on both sides of the proxy a relay lets bytes come one by one,
late or never, and ends or resets connections at any byte, one way or both."""

import os
import random

import pytest

from harness.messages import Client
from harness.relay import Relay
from test_trouble import CLIENT_ID, CLIENT_SECRET, bloq  # noqa: F401
from test_weather import HOST, PATIENCE, STORM, TIMEOUTS, Provider, storm_of_orders


class Lines:
    def __init__(self, *relays: Relay):
        self.relays = relays

    def storm(self):
        for relay in self.relays:
            relay.storm()

    def calm(self):
        for relay in self.relays:
            relay.calm()


@pytest.mark.parametrize("threads", [1, 2])
def test_orders_over_broken_lines(leaf, make_proxy, route, bloq, tmp_path, record_property, threads):  # noqa: F811
    seed = os.environ.get("WEATHER_SEED") or random.SystemRandom().randbytes(4).hex()
    provider = Provider(leaf)
    far = Relay(provider.port, f"{seed}/far")
    there = f"127.0.0.1:{far.port}"
    made = route(far.port, credential="bloq", allow={"hosts": [HOST]}, timeouts=TIMEOUTS)
    credentials = bloq(0, connectTo=there, authTimeout="4s", timeouts={"connect": "2s", "responseHead": "2s"})
    admin = {"listen": f"unix:{tmp_path}/admin"}
    proxy = make_proxy(made, credentials=credentials, secrets=[CLIENT_ID, CLIENT_SECRET], admin=admin, threads=threads)
    near = Relay(proxy.port, f"{seed}/near")

    def connect() -> Client:
        return Client(near.port, proxy.seen.append, patience=PATIENCE)

    try:
        storm_of_orders(Lines(near, far), provider, proxy, connect, seed, threads, record_property, STORM / 2)
    finally:
        print("near", near.did, "far", far.did)
        near.close()
        far.close()
    assert all(near.did[fate] + far.did[fate] for fate in near.did if fate != "nothing"), (near.did, far.did)
