"""What one process keeps between shots, and lets go after them: networks, and the film open where a shot ended."""

from __future__ import annotations

import ctypes
import functools
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from restore.film import Reel, Survey
from restore.media.index import Index
from restore.media.read import Reader
from restore.runtime import Runtime
from restore.steps.heaps import one_heap


class Studio:
    """What one process keeps between shots: the loaded networks, and the film open where the last shot ended."""

    def __init__(self, device: str, threads: int) -> None:
        one_heap()
        # Every stage has a thread of its own. OpenCV's would share out pictures as small as these and then wait awake
        # for more: of guided runs that was an eighth of the processor time, and no second by the clock.
        cv2.setNumThreads(1)
        self.runtime = Runtime(device, threads)
        self._resting: list[Reader] = []
        self._lock = threading.Lock()

    @contextmanager
    def reader(self, reel: Reel, *, chroma: bool = False) -> Iterator[Reader]:
        """A reader of `reel` for one shot at a time: the one that rested last, where that shot may begin."""
        with self._lock:
            reader = self._resting.pop() if self._resting else Reader(reel)
        if reader.reel != reel:
            reader.close()
            reader = Reader(reel)
        reader.chroma = chroma
        try:
            yield reader
        finally:
            with self._lock:
                self._resting.append(reader)

    def close(self) -> None:
        with self._lock:
            while self._resting:
                self._resting.pop().close()


@functools.lru_cache(maxsize=4)
def studio(device: str, threads: int) -> Studio:
    """This process's studio; networks are loaded once, however many shots it renders."""
    return Studio(device, threads)


def leave_studio(device: str, threads: int) -> None:
    """Close the film and let the networks go, once all shots are rendered: what follows wants the memory."""
    studio(device, threads).close()
    studio.cache_clear()
    _index.cache_clear()
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # glibc keeps what was freed otherwise
        trim(0)


def index_of(survey: Survey) -> Index:
    """The reel's index, read once."""
    return _index(survey.index_path, survey.index_sha256)


@functools.lru_cache(maxsize=4)
def _index(path: str, sha256: str) -> Index:
    del sha256  # part of the cache's key: another index under the same name is another index
    return Index.load(Path(path))
