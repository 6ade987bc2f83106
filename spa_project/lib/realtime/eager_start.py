"""Coroutines that start at once, without a task where they never wait.

`asyncio.Task(..., eager_start=True)` does this from Python 3.12 on, and replaces this module then.
"""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any


def start_eagerly(work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
    """Run `work` until it first waits; return a task for the rest, None when it has ended.

    What it raises before it waits is raised here.
    """
    try:
        waits_for = work.send(None)
    except StopIteration:
        return None
    return asyncio.create_task(_Started(work, waits_for))


class _Started(Coroutine[Any, Any, None]):
    """A coroutine that waits for something already, which its task is told first."""

    def __init__(self, work: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._work = work
        self._waits_for = [waits_for]

    def send(self, value: Any) -> Any:
        return self._waits_for.pop() if self._waits_for else self._work.send(value)

    def throw(self, *error: Any) -> Any:
        return self._work.throw(*error)

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, None]:
        return self._work.__await__()
