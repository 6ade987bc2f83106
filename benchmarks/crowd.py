"""Many screens in a process of their own, which reconnect by themselves."""

import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, NamedTuple, Self

from benchmarks.cuts import Screen, State
from benchmarks.sockets import Address

CONNECTING_AT_ONCE = 20
WAIT_SECONDS = 90.0
POLL_SECONDS = 0.25


class Shown(NamedTuple):
    """State that a screen shows, since when (monotonic), and whether it is connected."""

    state: State
    since: float
    is_live: bool


class Crowd:
    """Group of `count` screens, connected inside the block; each reconnects to the next address."""

    def __init__(self, addresses: Sequence[Address], count: int, shows: frozenset[str]) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        arguments = (theirs, addresses, count, shows)
        self._process = context.Process(target=_serve, args=arguments, daemon=True)
        #: Seconds in which all of them were connected and had their first snapshot.
        self.connected_in = 0.0

    def __enter__(self) -> Self:
        self._process.start()
        self.connected_in = self._recv()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.join()

    def look(self) -> list[Shown]:
        """Return what each screen shows now."""
        self._pipe.send(None)
        screens: list[Shown] = self._recv()
        return screens

    def right_since(self, truth: State, within: float) -> float:
        """Wait until every screen is live and shows this; return the time of the last.

        The time is infinite when some screens still do not after `within` seconds.
        """
        give_up_at = time.monotonic() + within
        while time.monotonic() < give_up_at:
            screens = self.look()
            if all(screen.is_live and screen.state == truth for screen in screens):
                return max(screen.since for screen in screens)
            time.sleep(POLL_SECONDS)
        return float("inf")

    def _recv(self) -> Any:
        if not self._pipe.poll(WAIT_SECONDS):
            raise TimeoutError("the screens say nothing")
        return self._pipe.recv()


def _serve(
    pipe: Connection, addresses: Sequence[Address], count: int, shows: frozenset[str]
) -> None:
    with suppress(EOFError, KeyboardInterrupt):
        asyncio.run(_live(pipe, addresses, count, shows))


async def _live(
    pipe: Connection, addresses: Sequence[Address], count: int, shows: frozenset[str]
) -> None:
    begin = time.monotonic()
    turn = asyncio.Semaphore(CONNECTING_AT_ONCE)
    screens = [Screen(shows) for _number in range(count)]
    lives = [asyncio.create_task(screen.stay(addresses, turn)) for screen in screens]
    while not all(screen.is_live for screen in screens):
        await asyncio.sleep(0.01)
    pipe.send(time.monotonic() - begin)
    loop = asyncio.get_running_loop()
    while not any(life.done() for life in lives):  # a screen that ends has failed
        await loop.run_in_executor(None, pipe.recv)
        pipe.send([Shown(screen.state, screen.since, screen.is_live) for screen in screens])
