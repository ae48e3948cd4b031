"""Stands in Prefect's place, so that a rehearsed run boots no server and its tasks are plain functions."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any


def without_prefect() -> None:
    """Put modules in Prefect's place whose tasks are plain functions, one after the other in a thread of their own."""

    class Task:
        def __init__(self, work: Callable[..., Any], **_: Any) -> None:
            self.work = work

        def __call__(self, *words: Any, **more: Any) -> Any:
            return self.work(*words, **more)

        def submit(self, *words: Any, **more: Any) -> Future[Any]:
            if not workers:
                workers.append(ThreadPoolExecutor(1))
            return workers[0].submit(self.work, *words, **more)

    class Failed:
        """The state in which a flow ends that failed: its caller is given the error."""

        def __init__(self, message: str = "", data: Exception | None = None) -> None:
            self.error = data or RuntimeError(message)

    def flow(**_: Any) -> Any:
        def plain(work: Any) -> Any:
            def called(*words: Any) -> Any:
                if isinstance(end := work(*words), Failed):
                    raise end.error
                return end

            called.name = "rehearsal"  # type: ignore[attr-defined]
            return called

        return plain

    workers: list[ThreadPoolExecutor] = []
    parts: dict[str, dict[str, Any]] = {
        "prefect": {"Task": Task, "task": lambda **how: lambda work: Task(work, **how), "flow": flow,
                    "get_run_logger": lambda: importlib.import_module("logging").getLogger("prefect")},
        "prefect.cache_policies": {"NO_CACHE": None},
        "prefect.client": {}, "prefect.client.schemas": {},
        "prefect.client.schemas.objects": {"State": Any, "TaskRun": Any},
        "prefect.states": {"Cancelled": Failed, "Failed": Failed},
        "prefect.exceptions": {"CancelledRun": type("CancelledRun", (Exception,), {})},
        "prefect.concurrency": {}, "prefect.concurrency.sync": {"concurrency": None},
        "prefect.futures": {"PrefectFuture": Future, "wait": wait},
        "prefect.task_runners": {"TaskRunner": dict, "ThreadPoolTaskRunner": lambda **_: None},
    }  # fmt: skip
    for name, content in parts.items():
        module = types.ModuleType(name)
        module.__dict__.update(content)
        sys.modules[name] = module


class NoServer:
    """Stands where a run's Prefect server would."""

    own, url = True, ""

    def __enter__(self) -> NoServer:
        return self

    def __exit__(self, *_: object) -> None: ...

    def ready(self) -> None: ...

    def answers(self) -> bool:
        return True

    @contextmanager
    def used(self) -> Iterator[None]:
        yield
