"""Arrays too large for memory, one to a frame, in a file: what is known of frames until the other way reaches them."""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt


class Planes:
    """Arrays of one shape and type, one to a frame, in an open file. May be used from several threads.

    They are read and written at their places and not mapped: a mapped file counts as a process's memory, and a full
    disk would end the process.
    """

    def __init__(self, file: IO[bytes], dtype: npt.DTypeLike, shape: tuple[int, ...], begin: int = 0) -> None:
        """shape: of one frame's array. begin: where in the file the first one is."""
        self._file, self.dtype, self.shape, self._begin = file, np.dtype(dtype), shape, begin
        self._size = int(np.prod(shape)) * self.dtype.itemsize

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """(stop − start, *shape), of the frames [start, stop). Raises OSError where the file is shorter."""
        made = np.empty((stop - start, *self.shape), self.dtype)
        if os.preadv(self._file.fileno(), [made.data.cast("B")], self._begin + start * self._size) < made.nbytes:
            raise OSError(f"frames [{start}, {stop}) are not in the file")
        return made

    def write(self, frame: int, array: npt.NDArray[Any]) -> None:
        """Put one frame's array down. Raises OSError."""
        left = np.ascontiguousarray(array, self.dtype).data.cast("B")
        at = self._begin + frame * self._size
        while left:
            done = os.pwrite(self._file.fileno(), left, at)
            left, at = left[done:], at + done


def begun(file: IO[bytes], dtype: npt.DTypeLike, shape: tuple[int, ...]) -> Planes:
    """A new .npy of this shape (frames first), to be filled; `file` is empty and unbuffered."""
    about = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, about)
    return Planes(file, dtype, shape[1:], file.tell())


def opened(path: Path) -> Planes:
    """A .npy that was filled, for as long as it is held. Raises OSError."""
    file = path.open("rb", buffering=0)
    np.lib.format.read_magic(file)
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    planes = Planes(file, dtype, shape[1:], file.tell())
    weakref.finalize(planes, file.close)
    return planes
