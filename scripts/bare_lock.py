"""Adds to a lock, beside each package that is locked with extras, the same package without them.

    python scripts/bare_lock.py LOCK …

pip takes `name[extra]==1` and `name` for two things: where another package wants plain `name`, it looks at the newest
release first, which has no hash here, and ends. With both lines it knows the version before it looks.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path


def with_bare(lock: str) -> str:
    """The lock's text with a line for the bare package, with the same version, marker and hashes, before each other."""
    lines = list[str]()
    block = r"^([\w.-]+)\[[^]]*\](==.*(?:\n    --hash=.*)+)"
    end = 0
    for found in re.finditer(block, lock, flags=re.MULTILINE):
        lines += [lock[end : found.start()], found[1], found[2], "\n", found[0]]
        end = found.end()
    return "".join([*lines, lock[end:]])


for name in sys.argv[1:]:
    Path(name).write_text(with_bare(Path(name).read_text(encoding="utf-8")), encoding="utf-8")
