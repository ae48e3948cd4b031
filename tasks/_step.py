"""What all tasks have in common: a step of a reel as a Prefect task, retried only when waiting can help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from restore.errors import Busy, Unavailable

P = ParamSpec("P")
R = TypeVar("R")


def passing(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether the failure may pass by itself: a busy reel, a server or a GPU away. A bad film stays bad."""
    try:
        state.result(raise_on_failure=True)
    except (Busy, Unavailable):
        return True
    except Exception:  # whatever else it was: it is raised to the flow, unchanged, by Prefect
        return False
    return False


def step(name: str, run_name: str | None = None) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Decorator: a task that Prefect shows and retries. The disk holds the truth: nothing is cached or pickled."""
    return task(
        name=name,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=2,
        retry_delay_seconds=5,
        retry_condition_fn=passing,
        task_run_name=run_name,
    )
