"""A wanted colour as people write it, as CIE a*b*: `#7a2030`, a name of CSS, or a* and b* themselves."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np

from restore import colour
from restore.toml import brief

REACH = 128.0
"""Largest a* or b* in size: no sRGB colour has more than 110."""

Wanted = tuple[float, float, float | None]
"""a*, b*, and L* where it was said."""


def wanted(said: str | Sequence[float]) -> Wanted:
    """a*, b* and, for a colour that has one, L*. `said`: "#rrggbb", "#rgb", a colour name of CSS (Color Module 4,
    6.1), or the two numbers a*, b*. Raises ValueError with what would do."""
    if isinstance(said, str):
        return _of_rgb(rgb(said.strip()))
    if len(said) != 2 or not all(abs(number) <= REACH for number in said):
        raise ValueError(f"write a* and b* as two numbers from -{REACH:g} to {REACH:g}")
    return float(said[0]), float(said[1]), None


def hexadecimal(a_star: float, b_star: float, lightness: float = 60.0) -> str:
    """`#rrggbb` of a colour at an L* of 0 to 100, cut to what a screen can show: for people to look at."""
    shown = colour.lab_to_rgb(np.array([[[lightness, a_star, b_star]]], np.float32))[0, 0]
    return "#" + "".join(f"{round(float(value) * 255):02x}" for value in shown)


def rgb(text: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of "#rrggbb", "#rgb" or a colour name of CSS. Raises ValueError."""
    from PIL import ImageColor  # not for runs that are given no colours: it is memory and time

    if not text.startswith("#") and text.lower() not in ImageColor.colormap:
        close = difflib.get_close_matches(text.lower(), tuple(ImageColor.colormap), n=1, cutoff=0.5)
        advice = f"did you mean {close[0]!r}?" if close else "write #rrggbb, or a colour name of CSS"
        raise ValueError(f"no colour is called {brief(text)!r}; {advice}")
    if text.startswith("#") and len(text) not in (4, 7):
        raise ValueError(f"{brief(text)!r} is no colour; write #rrggbb, for example #7a2030")
    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        raise ValueError(f"{brief(text)!r} is no colour; write #rrggbb, for example #7a2030") from None
    return red, green, blue


def _of_rgb(codes: tuple[int, int, int]) -> Wanted:
    lightness, a_star, b_star = colour.rgb_to_lab(np.array([[codes]], np.float32) / np.float32(255))[0, 0].tolist()
    return a_star, b_star, lightness
