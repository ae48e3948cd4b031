"""A worker of a Prefect work pool: takes submitted films from the server, one after the other, within its folders."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
from typing import Any

from restore.errors import shown
from restore.flows import console
from restore.flows.keeping import keep
from restore.flows.remote import PRIORITIES
from restore.flows.service import called


def slot_name() -> str:
    """The limit of this machine's GPUs: each machine has its own."""
    return f"gpu-{''.join(sign if sign.isalnum() else '-' for sign in platform.node().lower())}"


def work(pool: str, limit: int, gpu_slots: int) -> None:
    """Work until stopped; a server that goes away is waited for. The settings must be in the environment before Prefect
    is imported (see `restore.flows.service.settings`). Raises Stopped then, Unavailable for a server that stays away.

    limit      films at a time
    gpu_slots  shots that may be on this machine's GPUs at a time, over all its workers; 0: no limit
    """
    keep(lambda: _work(pool, limit, gpu_slots), os.environ["PREFECT_API_URL"])


async def _work(pool: str, limit: int, gpu_slots: int) -> None:
    from prefect.workers.process import ProcessWorker

    from restore.flows import runs

    await prepare(pool, gpu_slots)
    swept = await asyncio.to_thread(runs.sweep)
    for name in (*swept.crashed, *swept.again):
        console.say(f"a run that was killed is put right: {shown(name)}")
    console.say(f"works for pool {pool}")
    async with ProcessWorker(work_pool_name=pool, name=f"{platform.node()}-{os.getpid()}", limit=limit) as worker:
        await worker.start()


async def prepare(pool: str, gpu_slots: int) -> None:
    """Make what is not on the server yet: the pool, its queues, the deployment of the flow, the limit of the GPUs."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate, WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

    from restore.flows.restore_reel import restore_reel

    async with get_client() as client:
        with contextlib.suppress(ObjectAlreadyExists):
            await client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
        there = {queue.name for queue in await client.read_work_queues(work_pool_name=pool)}
        for priority, name in enumerate(PRIORITIES, start=1):
            if name not in there:
                await client.create_work_queue(name=name, priority=priority, work_pool_name=pool)
        if gpu_slots:
            name = slot_name()
            try:
                await client.read_global_concurrency_limit_by_name(name)
                await client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(limit=gpu_slots))
            except ObjectNotFound:
                await client.create_global_concurrency_limit(_limit(name, gpu_slots))
    await _deployed(restore_reel, pool)


def _limit(name: str, slots: int) -> Any:
    from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate

    return GlobalConcurrencyLimitCreate(name=name, limit=slots)


async def _deployed(flow: Any, pool: str) -> None:
    from prefect.types.entrypoint import EntrypointType

    deployment = await called(
        flow.to_deployment,
        pool,
        work_pool_name=pool,
        work_queue_name=PRIORITIES[1],
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    await called(deployment.apply)
