"""Benchmark of six sockets that send frames as fast as they can, while a guest reads the menu.

    python -m benchmarks.frames           # sockets are opened again after 0.1 s
    python -m benchmarks.frames --pause 1

It prints the guest's response times in quiet and during each flood, for docs/security.md. The first
row is no flood: its sockets are opened and closed as often.
"""

import argparse
import asyncio
import http.client
import multiprocessing
import os
import secrets
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from statistics import quantiles

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.protocol import State
from websockets.typing import Origin

from tools.servers import HOST, AppServer, MariaDB, Redis, open_spa

SOCKETS = 6
SECONDS = 10.0
FRAMES = 20_000
#: Seconds for which a flooder listens after each burst.
LISTEN = 0.1
#: Seconds after which a guest gives up.
PATIENCE = 10
GUEST, FLOODER = "127.0.0.9", "127.0.0.2"
#: A text frame without its end, an empty continuation of it, a ping, a pong; masked by zeros.
OPENED, CONTINUED, PING, PONG = (
    head + b"\x80\0\0\0\0" for head in (b"\x01", b"\0", b"\x89", b"\x8a")
)
#: What is sent first, and then for as long as the socket stays open.
FLOODS = {
    "none: sockets closed by the client": (b"", b""),  # what opening them costs
    "pings": (b"", PING * FRAMES),
    "pongs": (b"", PONG * FRAMES),
    "empty fragments of one message": (OPENED, CONTINUED * FRAMES),
    "pongs between such fragments": (OPENED, (CONTINUED + PONG) * FRAMES),
}
MEGABYTE = 1024


async def flood(port: int, name: str, end: float, pause: float, codes: Counter[int | None]) -> None:
    """Send frames until the socket is closed, and again on a new one; count the close codes."""
    first, again = FLOODS[name]
    while time.monotonic() < end:
        with suppress(InvalidHandshake, TimeoutError, OSError):
            opening = connect(
                f"ws://{HOST}:{port}/ws/board/",
                origin=Origin(f"http://{HOST}:{port}"),
                local_addr=(FLOODER, 0),
                compression=None,
                ping_interval=None,
                max_size=None,
            )
            async with opening as connection, asyncio.timeout(max(0.1, end - time.monotonic())):
                with suppress(ConnectionClosed):
                    connection.transport.write(first)
                    while again and connection.state is State.OPEN:
                        connection.transport.write(again)
                        await connection.drain()
                        await heard(connection)
            codes[connection.close_code] += 1
        await asyncio.sleep(pause)


async def heard(connection: ClientConnection) -> None:
    """Read what has arrived; raise `ConnectionClosed` once the server has closed the socket."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LISTEN):
            await connection.recv()


def attack(port: int, name: str, seconds: float, pause: float) -> None:
    """Flood with all sockets for some seconds; print the close codes."""

    async def all_of_them() -> Counter[int | None]:
        codes: Counter[int | None] = Counter()
        end = time.monotonic() + seconds
        await asyncio.gather(*(flood(port, name, end, pause, codes) for _n in range(SOCKETS)))
        return codes

    print("   closed with", dict(asyncio.run(all_of_them())), flush=True)


def read_menu(port: int) -> float:
    """Return the seconds that a guest waits for the menu, or until they give up."""
    begun = time.monotonic()
    line = http.client.HTTPConnection(HOST, port, timeout=PATIENCE, source_address=(GUEST, 0))
    try:
        line.request("GET", "/api/menu/")
        response = line.getresponse()
        response.read()
        assert response.status == 200, response.status
    except TimeoutError:
        pass
    finally:
        line.close()
    return time.monotonic() - begun


def p95(port: int, seconds: float) -> float:
    """Return the 95th percentile of the guest's response times, in milliseconds."""
    taken: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        taken.append(read_menu(port))
        time.sleep(0.02)
    return quantiles(taken, n=20)[-1] * 1000


def resident(pid: int) -> int:
    """Return the process's resident memory in megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) // MEGABYTE
    raise ProcessLookupError(pid)


def main(pause: float) -> None:
    """Measure each flood and print a table; `pause`: seconds before a flooder's next socket."""
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(45))
    with ExitStack() as running:
        spa = {
            "DATABASE_URL": running.enter_context(MariaDB()).url,
            "REDIS_URL": running.enter_context(Redis()).url,
            "RATE_LIMITS": "on",
            "ALLOWED_HOSTS": HOST,
        }
        open_spa("--password", secrets.token_urlsafe(12), **spa)
        app = running.enter_context(AppServer(**spa))
        p95(app.port, 2)  # warm
        print("| frames | p95 in quiet | p95 during | memory |\n|---|---|---|---|")
        for name in FLOODS:
            quiet, held = p95(app.port, SECONDS), resident(app.pid)
            attacker = multiprocessing.get_context("spawn").Process(
                target=attack, args=(app.port, name, SECONDS, pause)
            )
            attacker.start()
            during = p95(app.port, SECONDS)
            attacker.join()
            grown = resident(app.pid) - held
            print(f"| {name} | {quiet:.0f} ms | {during:.0f} ms | {grown:+} MB |", flush=True)


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--pause", type=float, default=0.1)
    main(options.parse_args().pause)
