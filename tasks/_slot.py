"""A place on a GPU, where several workers of one machine share it: a slot of one of Prefect's global limits."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from prefect.concurrency.sync import concurrency

from restore.runtime import choose

SLOT = "RESTORE_GPU_SLOT"
"""Environment variable: name of the limit. Not set: nobody else is on the GPU."""


def gpu_slot(device: str) -> AbstractContextManager[Any]:
    """Holds a slot while inside, when a GPU is used and its places are counted; waits for one.

    strict: a limit that is not there is an error (Prefect would let everyone pass). The slot of a killed holder is free
    again after five minutes.
    """
    name = os.environ.get(SLOT)
    if name is None or choose(device) == "cpu":
        return nullcontext()
    return concurrency(name, occupy=1, strict=True)
