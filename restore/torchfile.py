"""Reads the tensors of a file that torch saved, without running anything that is written in it.

Such a file (torch 1.6 and later) is a zip: `data.pkl` says in pickle's language which tensors there are and in which
of the files `data/N` their numbers lie. Pickle can call any function; here its words are only read (`pickletools`
names them), and the few that a dictionary of tensors is made of are followed. Anything else is refused.
"""

from __future__ import annotations

import math
import pickletools
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from restore.errors import BadWeights

KINDS = {"FloatStorage": "<f4", "HalfStorage": "<f2", "DoubleStorage": "<f8", "LongStorage": "<i8", "IntStorage": "<i4"}
"""torch's names of what a file of numbers holds, as NumPy's."""
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
IGNORED = ("PROTO", "FRAME")
LARGEST = 2 << 30
"""Bytes of all numbers together; published networks are smaller."""


@dataclass(frozen=True)
class _Name:
    """A function or class that the file speaks of."""

    text: str


@dataclass(frozen=True)
class _Stored:
    """Numbers in a file of the zip."""

    kind: str
    file: str


@dataclass(frozen=True)
class _Tensor:
    stored: _Stored
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Name → array, of the dictionary of tensors that was saved at `path`; copies, shapes as saved.

    Raises BadWeights for a file that is not such a dictionary, that is damaged, or that asks for anything else.
    """
    try:
        with zipfile.ZipFile(path) as saved:
            root = next((name.removesuffix("data.pkl") for name in saved.namelist() if name.endswith("/data.pkl")), "")
            if not root or sum(entry.file_size for entry in saved.infolist()) > LARGEST:
                raise ValueError("there is no data.pkl in it" if not root else f"it holds more than {LARGEST} bytes")
            if f"{root}byteorder" in saved.namelist() and saved.read(f"{root}byteorder") != b"little":
                raise ValueError("its numbers are big-endian")
            told = _followed(saved.read(f"{root}data.pkl"))
            return {str(name): _numbers(saved, root, tensor) for name, tensor in told.items()}
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise BadWeights(f"{path}: not a dictionary of tensors that torch saved: {error}; get it again") from error


def _numbers(saved: zipfile.ZipFile, root: str, tensor: Any) -> npt.NDArray[Any]:
    if not isinstance(tensor, _Tensor):
        raise ValueError(f"{type(tensor).__name__} where a tensor should be")
    flat = np.frombuffer(saved.read(f"{root}data/{tensor.stored.file}"), KINDS[tensor.stored.kind])
    sides = list(zip(tensor.shape, tensor.strides, strict=True))
    if min([tensor.offset, *tensor.shape, *tensor.strides]) < 0:
        raise ValueError("a tensor with negative sides")
    last = tensor.offset + sum((side - 1) * stride for side, stride in sides)
    if math.prod(tensor.shape) and last >= flat.size:
        raise ValueError(f"a tensor of {tensor.shape} in {flat.size} numbers")
    size = flat.itemsize
    return np.lib.stride_tricks.as_strided(
        flat[tensor.offset :], tensor.shape, [stride * size for stride in tensor.strides], writeable=False
    ).copy()


def _followed(words: bytes) -> dict[Any, Any]:
    """What the pickle describes, with `_Tensor` for tensors."""
    reader = _Reader()
    for word, value, _ in pickletools.genops(words):
        if word.name == "STOP":
            break
        reader.follow(word.name, value)
    made = reader.stack.pop()
    if not isinstance(made, dict):
        raise ValueError(f"{type(made).__name__} where a dictionary should be")
    return made


class _Reader:
    """Follows the words of a pickle that only builds dictionaries, tuples and tensors."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self._marks: list[int] = []
        self._memory: dict[int, Any] = {}

    def follow(self, word: str, value: Any) -> None:
        stack = self.stack
        if word in ("BINUNICODE", "SHORT_BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1"):
            stack.append(value)
        elif word in CONSTANTS:
            stack.append(CONSTANTS[word])
        elif word in ("EMPTY_DICT", "EMPTY_TUPLE"):
            stack.append({} if word == "EMPTY_DICT" else ())
        elif word == "GLOBAL":
            stack.append(_Name(value))
        elif word in ("BINPUT", "LONG_BINPUT"):
            self._memory[value] = stack[-1]
        elif word in ("BINGET", "LONG_BINGET"):
            stack.append(self._memory[value])
        elif word == "MARK":
            self._marks.append(len(stack))
        elif word in ("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"):
            stack.append(tuple(self._taken(None if word == "TUPLE" else int(word[-1]))))
        elif word in ("SETITEM", "SETITEMS"):
            pairs = self._taken(2 if word == "SETITEM" else None)
            stack[-1].update(zip(pairs[::2], pairs[1::2], strict=True))
        elif word == "BINPERSID":
            stack.append(_stored(stack.pop()))
        elif word == "REDUCE":
            asked, name = stack.pop(), stack.pop()
            stack.append(_called(name, asked))
        elif word == "BUILD":  # what torch notes beside a dictionary: versions of layers
            stack.pop()
        elif word not in IGNORED:
            raise ValueError(f"the word {word} has no place in a dictionary of tensors")

    def _taken(self, count: int | None) -> list[Any]:
        """The last `count` things of the stack, or those since the mark, taken off it."""
        start = self._marks.pop() if count is None else len(self.stack) - count
        if start < 0:
            raise ValueError("it takes more than it has")
        taken = self.stack[start:]
        del self.stack[start:]
        return taken


def _stored(described: tuple[Any, ...]) -> _Stored:
    word, kind, file, _, _ = described
    module, _, name = kind.text.partition(" ")
    if word != "storage" or module != "torch" or name not in KINDS:
        raise ValueError(f"numbers of the kind {kind.text!r}")
    return _Stored(name, str(file))


def _called(name: Any, asked: tuple[Any, ...]) -> Any:
    """What torch's own functions would give; no other function is known."""
    if name == _Name("collections OrderedDict") and not asked:
        return {}
    if name == _Name("torch._utils _rebuild_tensor_v2"):
        stored, offset, shape, strides = asked[:4]
        return _Tensor(stored, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))
    if name == _Name("torch._utils _rebuild_parameter"):
        return asked[0]
    raise ValueError(f"it asks for {getattr(name, 'text', name)!r} to be called")
