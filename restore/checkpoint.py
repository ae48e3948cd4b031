"""Turns a network that somebody published as a .pth file into safetensors: once, by a command of its own.

A .pth file is a pickle, and a pickle is a program. PyTorch's restricted reader (`weights_only=True`) refuses all that
is not numbers; it was got around in versions before 2.10 (CVE-2025-32434, CVE-2026-24747), so those are refused. There
is no other way in: what the restricted reader does not take is not converted. Nothing else in the project reads
pickles; a rule of the linter sees to it.
"""

from __future__ import annotations

import pickle  # noqa: TID251 (for the name of the error only)
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from restore.errors import BadWeights, MissingInput, Unavailable, UsageError, shown
from restore.store import file_sha256, write_json, writing
from restore.weights import LARGEST, Tensors, finite

OLDEST_TORCH = (2, 10)
"""First PyTorch whose restricted reader has no known way around it."""

_ARCHIVE_GROWS = 4
"""A .pth is a zip archive whose members are stored as they are; one that unpacks to much more is a trap."""


def convert(source: Path, target: Path, key: str | None = None) -> tuple[str, ...]:
    """Read the tensors in `source` and write them as `target` (.safetensors), with a card beside it (.json).

    key: which entry of the file holds the tensors, dots between levels; None where there is only one that does.
    Names, shapes and values stay as they are; bfloat16 becomes float32, which holds each of its values. Returns what
    was done, in lines. Raises MissingInput, BadWeights (no tensors, NaN or infinity, code inside), UsageError (the
    target's name, several candidates), Unavailable (no torch, or one too old), OutputExists, DiskError.
    """
    if target.suffix != ".safetensors":
        raise UsageError(f"--to {shown(target)}: the name of the result ends in .safetensors")
    _check_torch()
    _looks_right(source)
    tensors = _arrays(source, _chosen(source, _loaded(source), key))
    with writing(target, replace=False) as part:
        save_file(tensors, part)
        sha256 = file_sha256(part)
    card = {
        "name": target.stem,
        "files": {target.name: {"sha256": sha256, "bytes": target.stat().st_size}},
        "tensors": {name: list(values.shape) for name, values in tensors.items()},
        "converted_from": {"name": shown(source.name), "sha256": file_sha256(source), "key": key},
    }
    write_json(target.with_suffix(".json"), card)
    count = sum(values.size for values in tensors.values())
    return (f"{len(tensors)} tensors, {count:,} numbers, all finite", f"SHA-256 {sha256}")


def _check_torch() -> None:
    try:
        from torch import __version__ as version
    except ImportError:
        raise Unavailable("converting needs torch: install restore-film[train]") from None
    found = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if found < OLDEST_TORCH:
        raise Unavailable(
            f"torch {version} has a reader that can be got around; install torch 2.10 or newer to convert"
        )


def _looks_right(source: Path) -> None:
    """Refuse what would fill the memory: too large a file, or an archive that unpacks to far more than it is."""
    try:
        size = source.stat().st_size
        if size > LARGEST:
            raise BadWeights(f"{shown(source)}: larger than {LARGEST >> 30} GiB; this is no network of ours")
        if zipfile.is_zipfile(source):
            with zipfile.ZipFile(source) as archive:
                unpacked = sum(member.file_size for member in archive.infolist())
            if unpacked > _ARCHIVE_GROWS * size:
                raise BadWeights(f"{shown(source)}: {size:,} bytes that unpack to {unpacked:,}; this is a trap")
    except zipfile.BadZipFile as error:
        raise BadWeights(f"{shown(source)}: a broken archive ({error}); fetch it again") from None
    except OSError as error:
        raise MissingInput(f"{shown(source)}: cannot be read ({error.strerror}); check name and rights") from None


def _loaded(source: Path) -> Any:
    import torch

    try:
        with warnings.catch_warnings(action="ignore"):  # of old storage classes, which are read all the same
            return torch.load(source, map_location="cpu", weights_only=True)  # noqa: TID251 (restricted)
    except (pickle.UnpicklingError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, OSError,
            EOFError) as error:  # fmt: skip
        why = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise BadWeights(
            f"{shown(source)}: PyTorch's restricted reader refuses it ({shown(why)}); it is no checkpoint, or it holds "
            "more than numbers: ask its author for safetensors"
        ) from None


def _chosen(source: Path, loaded: Any, key: str | None) -> dict[str, Any]:
    """The dictionary of tensors inside what was loaded."""
    if key is not None:
        for part in key.split("."):
            if not isinstance(loaded, dict) or part not in loaded:
                there = ", ".join(shown(str(name)) for name in list(loaded)[:8]) if isinstance(loaded, dict) else "none"
                raise UsageError(f"--key {shown(key)}: {shown(source)} has no such entry; it has: {there}")
            loaded = loaded[part]
    if _tensors(loaded):
        return dict(loaded)
    found = [str(name) for name, each in loaded.items() if _tensors(each)] if isinstance(loaded, dict) else []
    if len(found) == 1:
        return dict(next(each for name, each in loaded.items() if str(name) == found[0]))
    if found:
        raise UsageError(f"{shown(source)}: holds several networks; choose with --key one of {', '.join(found)}")
    raise BadWeights(f"{shown(source)}: holds no dictionary of tensors; ask its author for safetensors")


def _tensors(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(hasattr(each, "detach") for each in value.values())


def _arrays(source: Path, found: dict[str, Any]) -> Tensors:
    from torch import bfloat16

    arrays: Tensors = {}
    for name, tensor in found.items():
        known = tensor.float() if tensor.dtype == bfloat16 else tensor
        arrays[str(name)] = np.ascontiguousarray(known.detach().cpu().numpy())
        finite(source, str(name), arrays[str(name)])
    return arrays
