"""What the figures of a soak mean: memory and descriptors must not grow once it is warm."""

from dataclasses import dataclass, field
from statistics import median

MEBIBYTE = 1 << 20
# The share of the requests after which everything is there that is made once: pools, caches, what the allocator keeps.
WARM = 0.2
# What is held at one time varies with the clients that come and go; a leak of a byte in a hundred requests would be more than this.
MEMORY_MAX = 2 * MEBIBYTE
DESCRIPTORS_MAX = 6


@dataclass
class Sample:
    seconds: float
    requests: int
    memory: int
    descriptors: int
    processor: float
    # Milliseconds, of the requests since the sample before.
    latencies: dict[str, float | None] = field(default_factory=dict)
    rate: float = 0


def growth(samples: list[Sample], name: str) -> float:
    """By how much the last quarter of the warm samples is above the first."""
    warm = [sample for sample in samples if sample.requests >= WARM * samples[-1].requests]
    quarter = max(1, len(warm) // 4)
    first, last = ([getattr(sample, name) for sample in part] for part in (warm[:quarter], warm[-quarter:]))
    return median(last) - median(first)


def problems(samples: list[Sample], before: int, after: int) -> list[str]:
    """`before` and `after`: descriptors without a client, less the connections to upstreams that are said to be open."""
    found = []
    if len(samples) < 16:
        found.append(f"{len(samples)} samples are too few to tell anything")
    elif (memory := growth(samples, "memory")) > MEMORY_MAX:
        found.append(f"memory has grown by {memory / MEBIBYTE:.1f} MiB since it was warm")
    if len(samples) >= 16 and (descriptors := growth(samples, "descriptors")) > DESCRIPTORS_MAX:
        found.append(f"there are {descriptors:.0f} descriptors more than when it was warm")
    if after > before:
        found.append(f"{after - before} descriptors are left when all clients have gone: {after}, and {before} before the first came")
    return found
