"""Sends reels through the flow, one after the other, while the terminal shows how it goes and Ctrl-C is obeyed."""

from __future__ import annotations

import contextvars
import logging
import math
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from restore import profile, progress
from restore.errors import Cancelled, RestoreError, Stopped, Unavailable, UsageError, known, shown
from restore.film import to_plain
from restore.flows import cluster, console, runs
from restore.flows.said import said
from restore.flows.server import Server
from restore.flows.show import Json, clock, showing
from restore.progress import Event
from restore.steps.options import Options
from restore.steps.prepare import prepare

if TYPE_CHECKING:
    from restore.flows.restore_reel import Outcome

log = logging.getLogger(__name__)

SEVERITY = (0, 3, 75, 69, 73, 66, 65, 2, 78, 74, 70, 1, 143, 130)
"""Exit codes, mildest first: of several reels the worst one's code is the command's."""

PATIENCE_S = 120.0
"""Seconds for which a server that is away is waited for when a reel has come to its end, so that it is told."""

STOP_S = 3.0
"""The same, for a reel that was stopped: whoever stops it wants it to end."""

STAY = (
    "the rendered shots stay in {}: paint more and run again with --overwrite, and only the shots that new paint "
    "reaches are rendered; --no-keep-takes clears them"
)

SUMMED_UP = ("psnr", "ssim")
"""Scores in the line that ends a run; the scorecard has all."""


def worst(codes: Sequence[int]) -> int:
    """The worst of several exit codes."""
    return max(codes, key=lambda code: SEVERITY.index(code) if code in SEVERITY else len(SEVERITY), default=0)


def run_reels(films: Sequence[str], options: Options, server: Server, as_json: bool) -> int:
    """Check all films, then restore those that can be; returns the worst exit code.

    A film that fails is named in a line, and the rest go on; a signal ends them all.
    """
    progress.allow()
    cluster.check(options, server.own)
    with showing(as_json) as events, progress.listening(open_log), signals():
        with progress.stage("start", {}):
            good, codes = _checked(films, options, events)
            if good:
                _started(server)
        for film in good:
            try:
                codes.append(_one(film, options, server, events))
            except Stopped as stopped:
                _refused(film, stopped, events)
                return stopped.exit_code
            except RestoreError as error:
                codes.append(_refused(film, error, events))
            except Exception as error:
                if (told := known(error)) is not None:
                    codes.append(_refused(film, told, events))
                    continue
                codes.append(_bug(film, error, events))  # met on one film: the others may not meet it
        return worst(codes)


def _checked(films: Sequence[str], options: Options, events: Json | None) -> tuple[list[str], list[int]]:
    """The films that can be restored, and the codes of those that cannot, which are named at once."""
    twice = [name for name, count in Counter(Path(film).stem for film in films).items() if count > 1]
    if twice:
        raise UsageError(
            f"two films are called {shown(twice[0])!r}: their results would have the same names; use two commands"
        )
    if len(films) > 1 and (options.painted or options.colour_copy is not None):
        raise UsageError(
            "painted frames, hints, objects and a coloured copy are of one film; give each film its command"
        )
    good, codes = list[str](), list[int]()
    for film in films:
        try:
            prepare(film, options)
            good.append(film)
        except RestoreError as error:
            codes.append(_refused(film, error, events))
    return good, codes


def _refused(film: str, error: RestoreError, events: Json | None) -> int:
    console.fail(error)
    if events is not None:
        events.write({"event": "error", "film": film, "code": error.exit_code, "message": str(error)})
    return error.exit_code


def _bug(film: str, error: Exception, events: Json | None) -> int:
    console.bug(error)
    if events is not None:
        events.write({"event": "error", "film": film, "code": 1, "message": f"a bug of ours: {error!r}"})
    return 1


def _started(server: Server) -> None:
    from restore.flows import restore_reel  # a second of imports, while the server boots

    log.debug("flow %s", restore_reel.restore_reel.name)
    server.ready()
    if not server.own:
        _swept(server)


def _swept(server: Server) -> None:
    """Tell a server that others use, too, which runs of this machine were killed: it would show them as running."""
    import httpx

    with server.used(), suppress(httpx.HTTPError):  # it is for show only: the run does not need it
        for name in runs.sweep().crashed:
            log.info("a run that was killed is marked so: %s", name)


def _one(film: str, options: Options, server: Server, events: Json | None) -> int:
    progress.tell(Event("reel", message=shown(film)))
    outcome = restored(film, options, server)
    progress.tell(Event("note", message=_summary(outcome)))
    if options.takes_stay:
        progress.tell(Event("note", message=STAY.format(shown(str(Path(options.out) / ".restore")))))
    if options.profile:
        for line in profile.lines(outcome.profile):
            progress.tell(Event("note", message=line))
    if events is not None:
        events.write({"event": "result", "film": film, **to_plain(outcome)})
    else:
        for path in outcome.outputs.names():
            console.result(shown(path))
    return outcome.exit_code


def _summary(outcome: Outcome) -> str:
    """What was made, in a line: `240 frames in 5 shots, 16 proofs hold, 0:41; psnr 21.2 dB (gray 18.8)`."""
    shots = f"{outcome.shots} shot{'s' if outcome.shots > 1 else ''}"
    if outcome.left:
        shots += f" ({outcome.left} left as {'they are' if outcome.left > 1 else 'it is'})"
    line = f"{outcome.frames} frames in {shots}, {outcome.proofs} proofs hold, {clock(outcome.seconds)}"
    scores = [
        f"{score.metric} {score.restored:.4g} {score.unit} (gray {score.gray:.4g})"
        for score in outcome.scores
        if score.metric in SUMMED_UP and score.restored is not None and score.gray is not None
    ]
    return "; ".join([line, *scores])


def restored(film: str, options: Options, server: Server) -> Outcome:
    """Run the flow in a thread of its own, so that signals reach us and not Prefect's handler for them."""
    result: list[Any] = []  # an Outcome; a film that is cancelled raises
    failure: list[BaseException] = []

    def work() -> None:
        from prefect.exceptions import CancelledRun

        from restore.flows.restore_reel import restore_reel

        try:
            with server.used():
                result.append(restore_reel(said(film), options))
        except CancelledRun as error:
            failure.append(Cancelled(str(error) or "cancelled by the operator", 15))
        except BaseException as error:  # carried to the caller, who raises it
            failure.append(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), name="reel", daemon=True)
    thread.start()
    _wait(thread, said(film), server)
    client = sys.modules.get("httpx")  # what never talked to a server cannot have failed to
    ended = runs.ENDED.pop(said(film), None)
    if failure and (client is None or not isinstance(failure[0], client.HTTPError)):
        raise failure[0]
    outcome: Outcome = result[0] if result else _salvaged(ended, server)
    return outcome


def _wait(reel: threading.Thread, film: str, server: Server) -> None:
    """Wait for a reel's flow; not for ever when only a server that is away remains to be told how it ended."""
    until = math.inf
    while reel.is_alive() and time.monotonic() < until:
        reel.join(1.0)
        if not reel.is_alive() or film not in runs.ENDED or server.answers():
            until = math.inf
        elif until == math.inf:
            until = time.monotonic() + (STOP_S if isinstance(runs.ENDED[film], Stopped) else PATIENCE_S)


def _salvaged(ended: Any, server: Server) -> Any:
    """What this process knows of a reel whose Prefect server went away: the outcome, or what it raises."""
    if isinstance(ended, Exception):
        raise ended
    if ended is None:
        raise Unavailable(f"the Prefect server at {server.url} went away; the same command goes on")
    log.warning("the Prefect server at %s went away; the reel is finished all the same", server.url)
    return ended


def open_log(event: Event) -> None:
    """The log goes into the work folder of the reel at work."""
    if event.kind == "folder":
        console.log.into(Path(event.message) / "log.txt" if event.message else None)


@contextmanager
def signals() -> Iterator[None]:
    """SIGINT and SIGTERM: the first asks the run to stop at its next window, the second ends it at once."""

    def handle(number: int, _frame: FrameType | None) -> None:
        if stopping:
            os._exit(128 + number)  # the kernel frees the locks; nothing unfinished has a final name
        stopping.append(number)
        name = signal.Signals(number).name
        progress.request_stop(Stopped(f"stopped by {name}; the same command goes on where it stopped", number))
        progress.tell(Event("warning", message=f"{name}: stopping after these frames; again to stop at once"))

    stopping: list[int] = []
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
