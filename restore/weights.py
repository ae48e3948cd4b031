"""The vault of trained networks: finds weights, and lets none out that are not whole, of the right shape and finite.

A set of weights is files of one stem beside each other: NAME.safetensors (the network as trained, float16), NAME.xml
and NAME.bin (the same network for OpenVINO), where it has them NAME.int8.xml and .bin (the same, mostly in 8 bits) and
NAME.guided.xml and .bin (the same with hints), and NAME.json, the model card that names every file's SHA-256. Nothing
here reads a pickle, and no other room reads weights.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
from safetensors.numpy import load_file

from restore.errors import BadWeights, shown
from restore.shelf import near
from restore.toml import brief

FOLDER = "restore.models.weights"
SUFFIXES = (".safetensors", ".xml", ".bin", ".int8.xml", ".int8.bin", ".guided.xml", ".guided.bin")

LARGEST = 4 << 30
"""Bytes of a file of weights."""

LARGEST_CARD = 4 << 20
"""Bytes of a model card."""

Tensors = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class WeightSet:
    """One network's weights on disk. `card` is the JSON of its model card, `files` name → SHA-256 (hex)."""

    name: str
    folder: Path
    card: Mapping[str, Any]
    files: tuple[tuple[str, str], ...]

    @property
    def sha256(self) -> str:
        """SHA-256 of the safetensors file: the identity of these weights, whatever form is loaded."""
        return self._sha256(".safetensors")

    @property
    def size_bytes(self) -> int:
        """What all files of the set that are there take on disk."""
        paths = (self.folder / name for name, _ in self.files)
        return sum(path.stat().st_size for path in paths if path.exists())

    @property
    def missing(self) -> tuple[str, ...]:
        """Files that the card names and the disk does not have."""
        return tuple(name for name, _ in self.files if not (self.folder / name).exists())

    def has(self, suffix: str) -> bool:
        """Whether the set has a file NAME + `suffix`."""
        return any(name == self.name + suffix for name, _ in self.files)

    def verified(self, suffix: str) -> Path:
        """The file NAME + `suffix`, its bytes just compared with the card. Raises BadWeights."""
        path, wanted = self.folder / (self.name + suffix), self._sha256(suffix)
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise BadWeights(f"weights {self.name}: cannot read {path}: {error.strerror}; install again") from error
        if found != wanted:
            raise BadWeights(
                f"weights {self.name}: {path} has SHA-256 {found[:16]}…, its card says {wanted[:16]}…; install again"
            )
        return path

    def _sha256(self, suffix: str) -> str:
        for name, sha256 in self.files:
            if name == self.name + suffix:
                return sha256
        raise BadWeights(f"weights {self.name}: the card {self.folder / self.name}.json names no {suffix} file")


def shipped() -> Path:
    """The folder of the weights that came with the program."""
    return Path(str(importlib.resources.files(FOLDER)))


def names() -> tuple[str, ...]:
    """Names of the sets that came with the program, sorted."""
    return tuple(sorted(path.stem for path in shipped().glob("*.json")))


def find(weights: str) -> WeightSet:
    """The set called `weights`, or, where it is a path to a .safetensors or .json file, the set around that file.

    Raises BadWeights when there is no such set or its card cannot be understood.
    """
    path = Path(weights)
    if path.suffix not in (".safetensors", ".json"):
        if weights not in names():
            raise BadWeights(f"no weights are called {weights!r}{near(weights, names())}")
        path = shipped() / f"{weights}.json"
    card_path = path.with_suffix(".json")
    try:
        with card_path.open("rb") as file:
            card = json.loads(file.read(LARGEST_CARD))
        files = tuple((str(name), str(entry["sha256"])) for name, entry in card["files"].items())
    except OSError as error:
        raise BadWeights(f"weights {shown(path.stem)}: no model card {shown(card_path)}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadWeights(
            f"weights {shown(path.stem)}: {shown(card_path)} is not a model card: {brief(repr(error))}"
        ) from error
    for name, _ in files:
        if name not in {path.stem + suffix for suffix in SUFFIXES}:
            raise BadWeights(f"weights {shown(path.stem)}: its card names {name!r}, which is not one of its files")
    return WeightSet(path.stem, card_path.parent, card, files)


def read(path: Path, shapes: Mapping[str, tuple[int, ...]] | None = None) -> Tensors:
    """Tensors of a safetensors file as float32, each one finite; with `shapes`, exactly those names and shapes.

    Raises BadWeights naming the tensor that is wrong.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise BadWeights(f"{shown(path)}: larger than {LARGEST >> 30} GiB; this is no network of ours")
        stored = load_file(path)
    except (OSError, safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, BadWeights):
            raise
        raise BadWeights(f"{shown(path)}: not a safetensors file we can read: {error}") from error
    for name, values in stored.items():
        finite(path, name, values)
    if shapes is not None:
        _compare(path, {name: values.shape for name, values in stored.items()}, shapes)
    return {name: values.astype(np.float32) for name, values in stored.items()}


def finite(path: Path, name: str, values: npt.NDArray[Any]) -> None:
    """Raise BadWeights when a number of the tensor `name` is NaN or infinite."""
    if not np.isfinite(values).all():
        raise BadWeights(f"{shown(path)}: tensor {shown(name)} holds NaN or infinity; train or fetch it again")


def _compare(path: Path, found: Mapping[str, tuple[int, ...]], wanted: Mapping[str, tuple[int, ...]]) -> None:
    where = f"{shown(path)}: tensor"
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            raise BadWeights(f"{where} {name} is missing; this file is for another network")
        if name not in wanted:
            raise BadWeights(f"{where} {shown(name)} is not the network's; this file is for another network")
        if tuple(found[name]) != tuple(wanted[name]):
            raise BadWeights(f"{where} {name} is {tuple(found[name])}, the network wants {tuple(wanted[name])}")


def shapes(card: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors as a model card lists them."""
    return {str(name): tuple(int(side) for side in shape) for name, shape in card["tensors"].items()}


def check(path: Path) -> tuple[str, ...]:
    """Everything that can be checked of the set around `path`, one line each that held. Raises BadWeights at a fault.

    `path` is a .safetensors or .json file, or names a set that ships: every hash, every shape, every number finite.
    """
    weights = find(str(path))
    lines = []
    for name, sha256 in weights.files:
        weights.verified(name.removeprefix(weights.name))
        lines.append(f"{name}: SHA-256 {sha256}")
    try:
        wanted = shapes(weights.card)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadWeights(f"weights {weights.name}: the card lists no tensor shapes: {brief(repr(error))}") from error
    tensors = read(weights.verified(".safetensors"), wanted)
    count = sum(values.size for values in tensors.values())
    lines.append(f"{len(tensors)} tensors, {count:,} numbers, all finite, shapes as the card says")
    return tuple(lines)
