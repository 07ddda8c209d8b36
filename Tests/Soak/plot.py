"""A plot of a soak as an SVG, of nothing but text."""

import math
from html import escape

from verdict import MEBIBYTE, Sample

WIDTH, HEIGHT, LEFT, RIGHT, GAP = 960, 170, 80, 120, 50
COLOURS = ["#1b6ca8", "#c8553d", "#5b8c5a"]


def panel(top: int, title: str, times: list[float], lines: dict[str, list[float | None]], is_logarithmic: bool = False) -> list[str]:
    """One plot under the others; the scale begins at 0, or is logarithmic."""
    values = [value for line in lines.values() for value in line if value is not None]
    high = max(values, default=1) * 1.1 or 1
    low = min((value for value in values if value > 0), default=0.1) if is_logarithmic else 0

    def x(time: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * time / max(times[-1], 1e-9)

    def y(value: float) -> float:
        share = math.log(max(value, low) / low) / math.log(high / low) if is_logarithmic else value / high
        return top + HEIGHT * (1 - share)

    marks = [low * (high / low) ** (step / 4) for step in range(5)] if is_logarithmic else [high * step / 4 for step in range(5)]
    made = [f'<text x="{LEFT}" y="{top - 8}" font-weight="bold">{escape(title)}</text>']
    for mark in marks:
        made.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(mark):.1f}" y2="{y(mark):.1f}" stroke="#ddd"/>')
        made.append(f'<text x="{LEFT - 6}" y="{y(mark) + 4:.1f}" text-anchor="end">{mark:,.3g}</text>')
    for step in range(5):
        time = times[-1] * step / 4
        made.append(f'<text x="{x(time):.1f}" y="{top + HEIGHT + 16}" text-anchor="middle">{time:.0f} s</text>')
    for index, (name, line) in enumerate(lines.items()):
        points = " ".join(f"{x(time):.1f},{y(value):.1f}" for time, value in zip(times, line) if value is not None)
        made.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[index]}" stroke-width="1.5"/>')
        made.append(f'<text x="{WIDTH - RIGHT + 8}" y="{top + 14 + 16 * index}" fill="{COLOURS[index]}">{escape(name)}</text>')
    return made


def plot(samples: list[Sample], title: str) -> str:
    times = [sample.seconds for sample in samples]
    panels = [
        ("resident memory, MiB", {"VmRSS": [sample.memory / MEBIBYTE for sample in samples]}, False),
        ("descriptors", {"open": [float(sample.descriptors) for sample in samples]}, False),
        ("latency, ms", {name: [sample.latencies.get(name) for sample in samples] for name in ("p50", "p99", "p99.9")}, True),
        ("requests a second", {"answered": [sample.rate for sample in samples]}, False),
    ]
    parts = [f'<text x="{LEFT}" y="24" font-size="15">{escape(title)}</text>']
    for index, (name, lines, is_logarithmic) in enumerate(panels):
        parts += panel(60 + index * (HEIGHT + GAP), name, times, lines, is_logarithmic)
    height = 60 + len(panels) * (HEIGHT + GAP)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="12">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>", ""])
