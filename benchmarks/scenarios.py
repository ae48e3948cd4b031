"""What befalls a run beside kills: names taken, full disks, signals, changed clocks, films, weights and takes.

The numbers are those of the project's list of scenarios. Each function gets a cleared stage and returns how the run
ended, in words, and what was wrong with that. Those of Prefect servers are in servers.py.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rehearsal import Stage
from scenario import Ended
from scenarios_life import (
    clock_jumps,
    closed_pipes,
    film_changes,
    frozen,
    notes_emptied,
    programs_end,
    recipe_changed,
    stopped,
    stopped_twice,
    take_flipped,
    terminals,
    threads_changed,
    two_masters,
)  # fmt: skip
from scenarios_machine import decoder_hangs, film_fails, gpu_memory, weights_changed
from scenarios_room import (
    exists,
    file_limit,
    full_at_start,
    full_on_the_way,
    little_memory,
    no_folder,
    no_gpu,
    twice,
)  # fmt: skip


def all_of(stage: Stage) -> Iterator[tuple[str, str, list[str]]]:
    """(name, how it ended, what was wrong) of every scenario that this machine can play."""
    for play in PLAYS:
        stage.clear()
        said, wrong = play(stage)
        yield (play.__doc__ or "").splitlines()[0], said, wrong


PLAYS: tuple[Callable[[Stage], Ended], ...] = (
    exists, twice, no_folder, full_at_start, full_on_the_way, file_limit, no_gpu, little_memory, stopped, stopped_twice,
    frozen, clock_jumps, film_changes, take_flipped, notes_emptied, recipe_changed, threads_changed, closed_pipes,
    terminals, programs_end, two_masters, gpu_memory, film_fails, decoder_hangs, weights_changed,
)  # fmt: skip


def main() -> None:
    """Play the scenarios whose names are given, or all."""
    import tempfile

    import rehearsal

    rehearsal.rehearse()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        stage = Stage(Path(folder))
        for play in PLAYS:
            if len(sys.argv) < 2 or play.__name__ in sys.argv[1:]:
                stage.clear()
                print(play.__name__, *play(stage), flush=True)
        shutil.rmtree(stage.out, ignore_errors=True)


if __name__ == "__main__":
    main()
