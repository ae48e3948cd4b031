"""No weights leave the vault that are not whole, of the right shape and finite; the message names what is wrong."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from restore import models, weights
from restore.errors import BadWeights


def write_set(folder: Path, tensors: dict[str, np.ndarray], shapes: dict[str, list[int]] | None = None) -> Path:
    """A set of weights with a true card; returns the card's path."""
    path = folder / "toy.safetensors"
    save_file(tensors, path)
    card = {
        "network": "duo",
        "files": {path.name: {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}},
        "tensors": shapes or {name: list(values.shape) for name, values in tensors.items()},
    }
    path.with_suffix(".json").write_text(json.dumps(card))
    return path.with_suffix(".json")


GOOD = {"a": np.ones((2, 3), np.float16), "b": np.zeros(4, np.float16)}


@pytest.mark.parametrize("name", [name for network in models.names() for name in models.card(network).weights])
def test_what_ships_is_what_its_card_says(name: str) -> None:
    lines = weights.check(weights.shipped() / f"{name}.json")
    assert len(lines) == len(weights.find(name).files) + 1
    found = weights.find(name)
    assert not found.missing
    assert (weights.shipped() / f"{name}.safetensors").stat().st_size <= 20_000_000
    assert found.card["network"] in models.names()


def test_a_whole_set_is_read_as_float32(tmp_path: Path) -> None:
    card = write_set(tmp_path, GOOD)
    assert "10 numbers" in weights.check(card)[-1]
    found = weights.find(str(card))
    read = weights.read(found.verified(".safetensors"), {"a": (2, 3), "b": (4,)})
    assert {values.dtype for values in read.values()} == {np.dtype(np.float32)}
    assert found.size_bytes == (tmp_path / "toy.safetensors").stat().st_size


def test_one_changed_bit_is_found(tmp_path: Path) -> None:
    card = write_set(tmp_path, GOOD)
    path = tmp_path / "toy.safetensors"
    changed = bytearray(path.read_bytes())
    changed[-1] ^= 1
    path.write_bytes(changed)
    with pytest.raises(BadWeights, match=r"toy\.safetensors has SHA-256"):
        weights.check(card)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_none_are_found_and_named(tmp_path: Path, bad: float) -> None:
    spoilt = GOOD | {"b": np.array([0, bad, 0, 0], np.float16)}
    with pytest.raises(BadWeights, match="tensor b holds NaN or infinity"):
        weights.check(write_set(tmp_path, spoilt))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"a": [3, 2], "b": [4]}, r"tensor a is \(2, 3\), the network wants \(3, 2\)"),
        ({"a": [2, 3], "b": [4], "c": [1]}, "tensor c is missing"),
        ({"a": [2, 3]}, "tensor b is not the network's"),
    ],
)
def test_tensors_of_another_network_are_named(tmp_path: Path, shapes: dict[str, list[int]], message: str) -> None:
    with pytest.raises(BadWeights, match=message):
        weights.check(write_set(tmp_path, GOOD, shapes))


def test_a_near_word_is_offered() -> None:
    with pytest.raises(BadWeights, match="did you mean 'duo'"):
        weights.find("dou")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": {"x": {}}}', '{"files": 3}'])
def test_a_card_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "toy.json").write_text(text)
    with pytest.raises(BadWeights, match="not a model card"):
        weights.find(str(tmp_path / "toy.safetensors"))


def test_missing_files_are_bad_weights(tmp_path: Path) -> None:
    with pytest.raises(BadWeights, match="no model card"):
        weights.find(str(tmp_path / "none.safetensors"))
    card = write_set(tmp_path, GOOD)
    (tmp_path / "toy.safetensors").unlink()
    assert weights.find(str(card)).missing == ("toy.safetensors",)
    with pytest.raises(BadWeights, match="cannot read"):
        weights.check(card)
    with pytest.raises(BadWeights, match=r"names no \.xml file"):
        weights.find(str(card)).verified(".xml")


def test_a_file_that_is_no_safetensors_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "toy.safetensors"
    path.write_bytes(b"\x80\x04pickle")
    with pytest.raises(BadWeights, match="not a safetensors file"):
        weights.read(path)
