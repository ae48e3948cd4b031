"""Draws how long a night of many reels takes, by number of machines: the figure of benchmarks/scale.py."""

from __future__ import annotations

import math


def figure(points: dict[str, list[tuple[int, float]]]) -> str:
    """Hours until the last reel over the number of machines, both axes logarithmic, as SVG."""
    width, height, left, bottom = 640, 360, 60, 50
    counts = sorted({count for line in points.values() for count, _ in line})
    hours = [value for line in points.values() for _, value in line]
    low, high = min(hours) * 0.8, max(hours) * 1.25

    def place(count: float, value: float) -> tuple[float, float]:
        x = left + (width - left - 130) * math.log(count / counts[0]) / math.log(counts[-1] / counts[0])
        y = 20 + (height - 20 - bottom) * math.log(high / value) / math.log(high / low)
        return round(x, 1), round(y, 1)

    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
            'font-family="sans-serif" font-size="13">'
            "<title>Hours until the last of 1,000 reels, by number of machines</title>"
            f'<rect width="{width}" height="{height}" fill="#fff"/>'
        )
    ]
    for count in counts:
        x, _ = place(count, high)
        parts.append(f'<path d="M{x} 20V{height - bottom}" stroke="#ddd"/>')
        parts.append(f'<text x="{x}" y="{height - bottom + 18}" text-anchor="middle">{count}</text>')
    for value in (0.25, 0.5, 1, 2, 4, 8, 16, 32):
        if low <= value <= high:
            _, y = place(counts[0], value)
            parts.append(f'<path d="M{left} {y}H{width - 130}" stroke="#ddd"/>')
            parts.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{value:g} h</text>')
    aside = {
        "no losses": 14,
        "a reel a machine": -6,
        "shots over all": 14,
    }  # px, so that names do not lie on each other
    for (name, line), colour, dash in zip(points.items(), ("#777", "#b3500f", "#0b5a8a"), ("5 4", "", ""), strict=True):
        path = " ".join(f"{'L' if n else 'M'}{x} {y}" for n, (x, y) in enumerate(place(*point) for point in line))
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>')
        x, y = place(*line[-1])
        parts.append(f'<text x="{x + 8}" y="{y + aside[name]}" fill="{colour}">{name}</text>')
    middle = (left + width - 130) / 2
    parts.append(f'<text x="{middle}" y="{height - 10}" text-anchor="middle">machines of two processors</text></svg>')
    return "\n".join(parts) + "\n"
