"""Makes hostile files of settings out of good ones: what a program, a hurried person or an enemy would write there."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

TOKENS: tuple[bytes, ...] = (
    b"nan", b"NaN", b"-inf", b"Infinity", b"1e999", b"-1", b"0", b"-0.0", b"9007199254740993", b"1" + b"0" * 5000,
    b"1e-400", b"0x7fffffffffffffff", b"1_0", b"true", b"null", b"no", b"[]", b"{}", b'""', b"1979-05-27T07:32:00Z",
    b'"\\u0000"', b'"a\\u0000b"', b'"../../../etc/passwd"', b'"/etc/passwd"', b'"/dev/zero"', b'"file:///etc/passwd"',
    b'"http://127.0.0.1:9/x"', rb'"..\\..\\x"', rb'"C:\\con"', b'"-i"', b'"--help"', b'"$(touch PWNED)"',
    b'"`touch PWNED`"', b'"<img src=x onerror=alert(1)>"', b'"</script><script>alert(1)</script>"',
    '"\u202egnp.exe"'.encode(), '"e\u0301"'.encode(), b'"\\ud800"', b'"\xff\xfe"', b'"\x1b[2J"', b'"\r\n\r\n"',
    b"'''", b'"""', b"\0", b"\x7f", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"# ", b"<<: *x", b"!!python/object:os.system",
    b"__import__('os')", b"%(x)s%n%s", b"{0.__class__}", b"[" * 3000, b'{"a":' * 3000, b"a." * 3000 + b"a = 1",
    b"[[" + b"a." * 500 + b"b]]", b'"' + b"A" * 70_000 + b'"',
)  # fmt: skip
"""Words that stand where a value, a key or a name is wanted."""

_WORD = re.compile(rb'"[^"\n]*"|[-+\w.]+')


def hurt(content: bytes, lot: random.Random) -> bytes:
    """`content` with one to four changes: words replaced or put in, pieces lost, doubled or moved, bytes flipped."""
    for _ in range(lot.choice((1, 1, 2, 4))):
        content = lot.choice((_replaced, _replaced, _put_in, _lost, _doubled, _flipped))(content, lot)
    return content


def _replaced(content: bytes, lot: random.Random) -> bytes:
    words = list(_WORD.finditer(content))
    if not words:
        return _put_in(content, lot)
    word = lot.choice(words)
    return content[: word.start()] + lot.choice(TOKENS) + content[word.end() :]


def _put_in(content: bytes, lot: random.Random) -> bytes:
    at = lot.randrange(len(content) + 1)
    return content[:at] + lot.choice(TOKENS) + content[at:]


def _piece(content: bytes, lot: random.Random) -> tuple[int, int]:
    start = lot.randrange(len(content) + 1)
    return start, min(len(content), start + round(2 ** lot.uniform(0, 9)))


def _lost(content: bytes, lot: random.Random) -> bytes:
    start, stop = _piece(content, lot)
    return content[:start] + content[stop:]


def _doubled(content: bytes, lot: random.Random) -> bytes:
    start, stop = _piece(content, lot)
    at = lot.randrange(len(content) + 1)
    return content[:at] + content[start:stop] * lot.choice((1, 1, 50)) + content[at:]


def _flipped(content: bytes, lot: random.Random) -> bytes:
    changed = bytearray(content or b"x")
    for _ in range(round(2 ** lot.uniform(0, 5))):
        changed[lot.randrange(len(changed))] ^= 1 << lot.randrange(8)
    return bytes(changed)


@dataclass(frozen=True)
class Kind:
    """A kind of file that people give: a good one under its name, who reads it, and what else may refuse it."""

    name: str
    good: bytes
    read: Callable[[Path], Any]
    refuses: tuple[type[Exception], ...] = ()


HINTS = {
    "unit": "fraction",
    "dots": [
        {"frame": 3, "at": [0.25, 0.5], "colour": "#7a2030", "label": "coat"},
        {"time": "00:00:01.5", "at": [0, 1], "colour": [10, -20]},
    ],
    "strokes": [{"frame": 4, "along": [[0.1, 0.2], [0.3, 0.4]], "radius": 0.02, "colour": "navy", "confidence": 0.5}],
}
OBJECTS = b"""
[[object]]
name = "street"
[[object]]
name = "tram"
part_of = "street"
palette = { colours = ["#7a2030", "ivory"] }
picture = [{ frame = 3, dots = [[10, 12], [20, 12]], radius = 3 }, { frame = 5, mask = "tram.png", region = 255 }]
"""
SHOTS = b"shot,start frame,stop frame,why,confidence,kind\n1,0,24,start,1.0,picture\n2,24,48,cut,0.9,\n"
RECIPE = (
    b'title = "Mine"\nfilters = ["colorize", "median"]\nseed = 7\n[colorize]\ncandidate = 1\n[median]\nframes = 5\n'
)


def kinds() -> tuple[Kind, ...]:
    """All kinds of files of settings, and of pictures that people paint."""
    from restore import weights
    from restore.configs import recipe
    from restore.guidance import dots, keyframes, ontology, pictures
    from restore.shots.table import read_shots
    from restore.steps import verify

    def painted(path: Path) -> None:
        keyframes.painted(pictures.read(path), False)

    card = {"network": "duo", "files": {"card.safetensors": {"sha256": "0" * 64}}, "tensors": {"a": [1, 2]}}
    paper = {"format": 1, "outputs": [{"name": "reel.master.mkv", "sha256": "0" * 64, "bytes": 7}]}
    return (
        Kind("recipe.toml", RECIPE, lambda path: recipe.load(str(path))),
        Kind("hints.json", json.dumps(HINTS, indent=1).encode(), dots.read),
        Kind("objects.toml", OBJECTS, ontology.read),
        Kind("shots.csv", SHOTS, read_shots),
        Kind("card.json", json.dumps(card).encode(), lambda path: weights.find(str(path)).files),
        Kind("reel.provenance.json", json.dumps(paper).encode(), verify.read_provenance, (OSError, ValueError)),
        *(Kind(f"000003{suffix}", _picture(suffix), painted) for suffix in (".png", ".tif", ".jpg")),
    )


def _picture(suffix: str) -> bytes:
    rng = np.random.default_rng(7)
    picture = rng.integers(0, 255, (24, 32, 3), np.uint8)
    return bytes(cv2.imencode(suffix, picture)[1].tobytes())


def outcome(kind: Kind, content: bytes, folder: Path) -> str:
    """What becomes of a hostile file: "read", "refused", or what is wrong with how it was taken."""
    from restore.errors import RestoreError, known

    path = folder / kind.name
    path.write_bytes(content)
    try:
        kind.read(path)
        return "read"
    except RestoreError as error:
        said = str(error)
        if "\n" in said or len(said) > 2000 or not said.isprintable():
            return f"wrong: says {said[:200]!r} ({len(said)} characters)"
        return "refused"
    except kind.refuses:
        return "refused"
    except Exception as error:
        return "refused" if known(error) is not None else f"wrong: {type(error).__name__}: {error}"[:300]
