"""What the benchmarks count, and how two counts compare. `run` and `compare` beside this are the commands."""

import json
import os
import platform
import re
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
RECORDED = HERE / "figures.json"
#: A scenario is done so often in one process, and in another. The difference is free of the start and the end.
FEW, MANY = 200, 1200
#: A figure may be this much above the recorded one. The counts are exact; what differs is where the compiler inlines.
LEEWAY = 0.03
#: One process under valgrind takes some 3 s.
RUN_SECONDS = 120
BUILD_SECONDS = 3600

#: Nothing that is drawn at random or depends on the processor: no seeds of hash tables, and the plain forms of what has a faster one
#: for some processors, in the C library and in OpenSSL.
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", ""),
    "SWIFT_DETERMINISTIC_HASHING": "1",
    "SWIFT_BACKTRACE": "enable=no",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX,-AVX512F,-AVX512VL,-ERMS,-FSRM",
    "OPENSSL_ia32cap": "~0x200000200000000",
}


class Trouble(Exception):
    """What hinders the measurement; the text says what to do."""


def per_iteration(few: int, many: int) -> int:
    """Instructions of one iteration, from the counts of two processes."""
    return round((many - few) / (MANY - FEW))


def judge(recorded: dict[str, int], measured: dict[str, int]) -> tuple[list[str], bool]:
    """A line for each scenario, and whether none has become slower by more than the leeway."""
    lines, is_good = [], True
    for name in list(measured) + [name for name in recorded if name not in measured]:
        old, new = recorded.get(name), measured.get(name)
        if old is None or new is None:
            note = "not recorded: run with --update" if old is None else "recorded, and not there any more: run with --update"
            is_good = False
        elif new > old * (1 + LEEWAY):
            note = f"slower by more than {LEEWAY:.0%}"
            is_good = False
        elif new < old * (1 - LEEWAY):
            note = "faster: record it with --update"
        else:
            note = ""
        lines.append(line(name, old, new, note))
    return lines, is_good


def line(name: str, old: int | None, new: int | None, note: str = "") -> str:
    change = f"{(new - old) / old:+7.1%}" if old and new is not None else "      -"
    return f"{name:16}{text(old)}{text(new)} {change}  {note}".rstrip()


def text(figure: int | None) -> str:
    return f"{figure:>10,}" if figure is not None else f"{'-':>10}"


def machine() -> dict[str, str]:
    """What the counts depend on, besides the code."""
    swift = re.search(r"Swift version (\S+)", output(["swift", "--version"]))
    openssl = output(["pkg-config", "--modversion", "openssl"]).strip()
    return {
        "architecture": platform.machine(),
        "swift": swift.group(1) if swift else "?",
        "openssl": openssl,
        "libc": platform.libc_ver()[1],
    }


def differences(recorded: dict[str, str], present: dict[str, str]) -> list[str]:
    """In what the machine is another than the one that the figures are of."""
    return [f"{name} {present.get(name)} (the figures: {value})" for name, value in recorded.items() if present.get(name) != value]


def output(command: list[str], **more) -> str:
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, **more).stdout
    except (OSError, subprocess.SubprocessError) as failure:
        raise Trouble(f"{' '.join(command)}: {failure}") from failure


def build(package: Path, scratch: Path) -> Path:
    """Builds the program as it is released, and returns where it is."""
    command = ["swift", "build", "-c", "release", "--product", "Benchmarks", "--static-swift-stdlib", "--scratch-path", str(scratch)]
    try:
        done = subprocess.run(command, cwd=package, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BUILD_SECONDS)
    except subprocess.TimeoutExpired as failure:
        raise Trouble(f"{package}: the build took more than {BUILD_SECONDS} s") from failure
    if done.returncode != 0:
        raise Trouble(f"{package}: the build failed:\n{(done.stdout + done.stderr)[-4000:]}")
    return scratch / "release" / "Benchmarks"


def measure(program: Path, wanted: list[str] | None = None) -> dict[str, int]:
    """Instructions per iteration of each scenario, or of those that are wanted."""
    figures = {}
    with tempfile.TemporaryDirectory() as directory:
        # Valgrind does not understand all of a Swift compiler's debug information.
        stripped = Path(directory) / "Benchmarks"
        output(["strip", "-g", "-o", str(stripped), str(program)])
        names = output([str(stripped)]).split()
        for name in wanted or names:
            if name not in names:
                raise Trouble(f"there is no scenario {name}: {', '.join(names)}")
            figures[name] = per_iteration(count(stripped, name, FEW), count(stripped, name, MANY))
    return figures


def count(program: Path, scenario: str, iterations: int) -> int:
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(program), scenario, str(iterations)]
    try:
        done = subprocess.run(
            command, cwd="/", env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=RUN_SECONDS)
    except FileNotFoundError as failure:
        raise Trouble("valgrind is not installed. On Debian and Ubuntu: sudo apt-get install valgrind") from failure
    except subprocess.TimeoutExpired as failure:
        raise Trouble(f"{scenario} took more than {RUN_SECONDS} s") from failure
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not collected:
        raise Trouble(f"{scenario} failed under valgrind ({done.returncode}):\n{done.stderr[-2000:]}")
    return int(collected.group(1))


def read() -> dict:
    try:
        return json.loads(RECORDED.read_text())
    except FileNotFoundError:
        return {"of": {}, "instructions": {}}


def write(figures: dict[str, int]):
    RECORDED.write_text(json.dumps({"of": machine(), "instructions": figures}, indent=2) + "\n")
