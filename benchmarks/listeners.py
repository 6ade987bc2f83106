"""Process of receiving sockets, which records when the last of them received each event."""

import asyncio
import multiprocessing
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, NamedTuple, Self

from benchmarks.peers.event import NAME
from benchmarks.sockets import Address, Socket, connect

MARK = NAME.encode()
CONNECTING_AT_ONCE = 20
WAIT_SECONDS = 60.0


class Heard(NamedTuple):
    """Time at which the last socket received each event (monotonic), and the number of receipts."""

    moments: list[float]
    messages: int


class Listeners:
    """Group of `count` sockets in a process of their own, open inside the block."""

    def __init__(self, address: Address, count: int) -> None:
        self.count = count
        self._pipe, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=_serve, args=(theirs, address, count), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        self._recv()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.join()

    def expect(self, events: int) -> None:
        """Start a new recording, for this many events."""
        self._pipe.send(events)
        self._recv()

    def heard(self) -> Heard:
        """Return the recording once every socket has every event, or after a timeout."""
        found: Heard = self._recv()
        return found

    def _recv(self) -> Any:
        if not self._pipe.poll(WAIT_SECONDS + 30):
            raise TimeoutError("the listeners say nothing")
        return self._pipe.recv()


class _Ears:
    def __init__(self) -> None:
        self.expect(0, 0)

    def expect(self, events: int, sockets: int) -> None:
        self.seen: dict[Socket, int] = {}
        self.moments = [0.0] * events
        self.missing = events * sockets
        self.all_heard = asyncio.Event()

    def take(self, socket: Socket, text: bytes) -> None:
        if MARK not in text[:64]:
            return
        number = self.seen.get(socket, 0)
        self.seen[socket] = number + 1
        self.moments[number] = time.monotonic()  # the last socket's time stays
        self.missing -= 1
        if not self.missing:
            self.all_heard.set()


def _serve(pipe: Connection, address: Address, count: int) -> None:
    with suppress(EOFError, KeyboardInterrupt):
        asyncio.run(_listen(pipe, address, count))


async def _listen(pipe: Connection, address: Address, count: int) -> None:
    ears = _Ears()
    sockets: list[Socket] = []
    for _group in range(0, count, CONNECTING_AT_ONCE):
        size = min(CONNECTING_AT_ONCE, count - len(sockets))
        sockets += await asyncio.gather(*(connect(address, ears.take) for _ in range(size)))
    pipe.send("ready")
    loop = asyncio.get_running_loop()
    while True:
        events = await loop.run_in_executor(None, pipe.recv)
        ears.expect(events, count)
        pipe.send("listening")
        with suppress(TimeoutError):
            await asyncio.wait_for(ears.all_heard.wait(), WAIT_SECONDS)
        pipe.send(Heard(ears.moments, events * count - ears.missing))
