"""How two films were made otherwise: what differs in the provenance that lies beside each of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from restore.steps.report.page import clean

LARGEST = 64 << 20  # bytes of a provenance that is read
OF_MAKING = ("recipe", "networks", "options", "versions", "device", "threads", "luma_altered_by", "source")


def differing(a: Path, b: Path) -> tuple[bool, bool, list[tuple[str, str, str]]]:
    """Whether there is a provenance for A, for B, and where both are: name, A's and B's value of all that differs."""
    one, other = _beside(a), _beside(b)
    if one is None or other is None:
        return one is not None, other is not None, []
    names = [*one, *(name for name in other if name not in one)]
    rows = [(name, one.get(name, "–"), other.get(name, "–")) for name in names]
    return True, True, [(clean(name), clean(ours), clean(theirs)) for name, ours, theirs in rows if ours != theirs]


def _beside(film: Path) -> dict[str, str] | None:
    """The settings in FILM.provenance.json beside a master or an access copy, flat; None where there is none."""
    stem = film.name.partition(".master.")[0].removesuffix(".access.mp4")
    path = film.with_name(f"{stem}.provenance.json")
    try:
        if path.stat().st_size > LARGEST:
            return None
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return _flat({key: known[key] for key in OF_MAKING if key in known}) if isinstance(known, dict) else None


def _flat(value: Any, name: str = "") -> dict[str, str]:
    """Leaves of nested JSON by their path: `recipe.colorize.candidate`."""
    if isinstance(value, dict | list) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        parts = [_flat(part, f"{name}.{key}".lstrip(".")) for key, part in pairs]
        return {key: leaf for part in parts for key, leaf in part.items()}
    return {name: json.dumps(value, ensure_ascii=False).strip('"')}
