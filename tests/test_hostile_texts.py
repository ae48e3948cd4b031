"""Files of settings and painted pictures, hurt in every way: each is read or refused in one line, in time."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hostile import TOKENS, Kind, hurt, kinds, outcome

KINDS = {kind.name: kind for kind in kinds()}


@pytest.fixture(params=sorted(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


def test_the_good_one_is_read(kind: Kind, tmp_path: Path) -> None:
    assert outcome(kind, kind.good, tmp_path) == "read"


def test_hostile_ones_are_read_or_refused_in_a_line(kind: Kind, tmp_path: Path) -> None:
    """The fuzzer in small: `benchmarks/fuzz.py --settings` does thousands, each in a process of its own."""
    ends = set()
    for seed in range(80):
        began = time.process_time()
        content = hurt(kind.good, random.Random(f"{kind.name}/{seed}"))
        ends.add(end := outcome(kind, content, tmp_path))
        assert not end.startswith("wrong"), (seed, end)
        assert time.process_time() - began < 5, seed
    assert "refused" in ends


@pytest.mark.parametrize("name", ["recipe.toml", "hints.json", "objects.toml", "shots.csv", "card.json"])
def test_no_word_alone_is_taken(name: str, tmp_path: Path) -> None:
    for token in TOKENS:
        assert outcome(KINDS[name], token, tmp_path) in ("refused", "read"), token


def test_what_is_too_large_is_refused_unread(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / kind.name
    with path.open("wb") as file:
        file.truncate(8 << 30)  # a hole: nothing is written
    began = time.process_time()
    with pytest.raises(Exception, match=r"."):
        kind.read(path)
    assert time.process_time() - began < 5
