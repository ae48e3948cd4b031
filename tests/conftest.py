"""What every test starts from: nobody has asked the work to stop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from restore import progress


@pytest.fixture(autouse=True)
def nobody_asked_to_stop() -> Iterator[None]:
    yield
    progress.allow()
