"""What every test starts from: nobody has asked the work to stop. And torch in one thread, for those that ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from restore import progress


@pytest.fixture(autouse=True)
def nobody_asked_to_stop() -> Iterator[None]:
    yield
    progress.allow()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Small sums of torch on a busy machine go faster without threads that wait for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
