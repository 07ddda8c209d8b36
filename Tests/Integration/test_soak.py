"""A share of the soak, and what its verdict tells."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness import limits
from harness.processes import BINARY

SOAK = Path(__file__).resolve().parents[1] / "Soak"
sys.path.append(str(SOAK))

from verdict import MEBIBYTE, Sample, problems  # noqa: E402
from plot import plot  # noqa: E402


def samples(memory=lambda _: 20 * MEBIBYTE, descriptors=lambda _: 40) -> list[Sample]:
    return [Sample(float(turn), turn * 1000, memory(turn), descriptors(turn), turn / 10) for turn in range(100)]


def test_fifteen_thousand_requests(tmp_path, record_property):
    command = [SOAK / "run", "--requests", 15_000, "--every", 0.1, "--threads", 2, "--program", BINARY, "--output", tmp_path]
    done = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, timeout=limits.TEST - 10)
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((tmp_path / "soak.json").read_text())["figures"]
    record_property("figures", figures)
    assert figures["requests"] == 15_000 and figures["failed"] == 0 and figures["orders"] > 300 and figures["clients_that_left"]
    assert (tmp_path / "soak.svg").read_text().count("<polyline") == 6


@pytest.mark.parametrize("sign, made, after", [
    ("memory has grown", samples(memory=lambda turn: (20 << 20) + 50_000 * turn), 13),
    ("descriptors more", samples(descriptors=lambda turn: 40 + turn // 8), 13),
    ("descriptors are left", samples(), 14),
    ("too few", samples()[:10], 13),
])  # fmt: skip
def test_what_grows_is_seen(sign, made, after):
    assert any(sign in problem for problem in problems(made, 13, after))


def test_what_is_there_before_it_is_warm_and_what_comes_and_goes_is_no_growth():
    made = samples(memory=lambda turn: (20 << 20) + min(turn, 15) * MEBIBYTE + turn % 7 * 4096, descriptors=lambda turn: 40 + turn % 9)
    assert problems(made, 13, 13) == []
    assert plot(made, "<a title>").startswith("<svg")
