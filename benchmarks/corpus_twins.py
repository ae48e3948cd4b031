"""The corpus' settings files, which are YAML, said as recipes in TOML; and the card of its tiny network."""

from __future__ import annotations

import hashlib
from typing import Any

HEAD = b"title = 'twin'\nfilters = ['colorize']\n"

RECIPES: dict[str, bytes] = {
    "good": HEAD + b"seed = 1\n",
    "broken": b"title = 'twin'\nfilters = ['colorize'\nseed = 1\n",
    "tabs": b"title = 'twin'\nfilters:\n\t- colorize\n",
    "unknown_key": HEAD + b"sede = 1\n",
    "wrong_type": b"title = 'twin'\nfilters = 'colorize'\nseed = 'one'\n",
    "dup_key": HEAD + b"seed = 1\nseed = 2\n",
    "empty": b"",
    "norway": HEAD + b"language = no\n",
    "object": HEAD + b"seed = !!python/object/apply:os.system ['touch YAML_RAN']\n",
    "nan": HEAD + b"[colorize]\ncandidate = nan\n",
    "aliases": HEAD + b"a = [" + b"['x','x','x']," * 20000 + b"]\n",
    "utf16": (HEAD + b"seed = 1\n").decode().encode("utf-16"),
    "binary": bytes((n * 151 + n * n * 7 + 13) % 256 for n in range(4096)),
    "deep": HEAD + b"a = " + b"[" * 20000 + b"]" * 20000 + b"\n",
}


def card(name: str, pinned: bytes) -> dict[str, Any]:
    """The card of the corpus' network of one layer, for the file `name` with the SHA-256 of `pinned`."""
    return {
        "network": "toy",
        "files": {name: {"sha256": hashlib.sha256(pinned).hexdigest()}},
        "tensors": {"conv.weight": [8, 1, 3, 3], "conv.bias": [8]},
    }
