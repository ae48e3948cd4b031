"""Runs a stream of work in a thread of its own, ahead of whoever wants what comes of it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

from restore import profile

QUEUE = 2
"""Items, windows or frames, that may wait between two stages."""

T = TypeVar("T")


class _End:
    """Marks the end of a stream in a queue, with what ended it."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def overlapped(stream: Iterable[T], depth: int = QUEUE, stage: str = "") -> Generator[T]:
    """Run `stream` in a thread of its own, at most `depth` items ahead. Its errors are raised here.

    When the caller stops early, the thread stops at its next item and the stream's `close` runs. Where `stage` names
    what the stream does, its time is written down under that name (`restore.profile`).
    """
    waiting: queue.Queue[T | _End] = queue.Queue(maxsize=depth)
    stop = threading.Event()

    def put(item: T | _End) -> bool:
        while not stop.is_set():
            try:
                waiting.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        error: BaseException | None = None
        source = iter(stream)
        try:
            for item in source:
                with profile.waiting():
                    if not put(item):
                        break
        except BaseException as raised:  # carried to the caller, who raises it
            error = raised
        try:
            close = getattr(source, "close", None)
            if close is not None:
                close()
        except BaseException as raised:  # the caller must hear of the end in any case
            error = error or raised
        put(_End(error))

    def timed() -> None:
        with profile.working(stage):
            work()

    worker = threading.Thread(target=timed if stage else work, name=stage or "overlapped", daemon=True)
    worker.start()
    try:
        while True:
            with profile.waiting():
                item = waiting.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stop.set()
        worker.join()
