"""Benchmark of six sockets that send frames as fast as they can, while a guest reads the menu.

    python -m benchmarks.frames

It prints the guest's response times in quiet and during each flood, for docs/security.md. The first
row is no flood: its sockets are opened and closed as often.
"""

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

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Origin

from tools.servers import HOST, AppServer, MariaDB, Redis, open_spa

SOCKETS = 6
SECONDS = 10.0
FRAMES = 20_000
#: Seconds before a flooder opens the next socket.
PAUSE = 0.1
GUEST, FLOODER = "127.0.0.9", "127.0.0.2"
#: A text frame without its end, an empty continuation of it, a ping, a pong; masked by zeros.
OPENED, CONTINUED, PING, PONG = (
    head + b"\x80\0\0\0\0" for head in (b"\x01", b"\0", b"\x89", b"\x8a")
)
FLOODS = {
    "none: sockets closed by the client": b"",  # what opening them costs
    "pings": PING * FRAMES,
    "pongs": PONG * FRAMES,
    "empty fragments of one message": OPENED + CONTINUED * FRAMES,
    "pongs between such fragments": OPENED + (CONTINUED + PONG) * FRAMES,
}
MEGABYTE = 1024


async def flood(port: int, frames: bytes, end: float, codes: Counter[int | None]) -> None:
    """Send the frames, and again on a new socket once closed; count the close codes."""
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
                    connection.transport.write(frames)
                    while frames:
                        await connection.recv()
            codes[connection.close_code] += 1
        await asyncio.sleep(PAUSE)


def attack(port: int, name: str, seconds: float) -> None:
    """Flood with all sockets for some seconds; print the close codes."""

    async def all_of_them() -> Counter[int | None]:
        codes: Counter[int | None] = Counter()
        end = time.monotonic() + seconds
        await asyncio.gather(*(flood(port, FLOODS[name], end, codes) for _n in range(SOCKETS)))
        return codes

    print("   closed with", dict(asyncio.run(all_of_them())), flush=True)


def read_menu(port: int) -> float:
    """Return the seconds that a guest waits for the menu."""
    begun = time.monotonic()
    line = http.client.HTTPConnection(HOST, port, timeout=30, source_address=(GUEST, 0))
    try:
        line.request("GET", "/api/menu/")
        response = line.getresponse()
        response.read()
        assert response.status == 200, response.status
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


def main() -> None:
    """Measure each flood and print a table."""
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
                target=attack, args=(app.port, name, SECONDS)
            )
            attacker.start()
            during = p95(app.port, SECONDS)
            attacker.join()
            grown = resident(app.pid) - held
            print(f"| {name} | {quiet:.0f} ms | {during:.0f} ms | {grown:+} MB |", flush=True)


if __name__ == "__main__":
    main()
