"""Finishes what must be finished, even when the task is cancelled meanwhile.

A closed websocket cancels its task wherever it stands. Between BEGIN and COMMIT that would cost
the connection: `databases` loses one each time, until the pool is dead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import anyio

T = TypeVar("T")


async def finished(work: Awaitable[T]) -> T:
    """Waits until the work is done, and only then lets a cancellation through."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        # anyio cancels again and again; its own shield spares the loop the spinning.
        with anyio.CancelScope(shield=True):
            await _wait_out(task)
        if not task.cancelled():
            task.exception()  # seen, so that nobody warns about it
        raise
    return task.result()


async def _wait_out(task: asyncio.Future[T]) -> None:
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            continue
