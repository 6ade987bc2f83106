"""The watchdog of systemd (`WatchdogSec`), which restarts a process whose threads are stuck.

https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

import asyncio
import logging
import os
import socket

from spa_project.lib.db.pool import DatabasePool, pool

logger = logging.getLogger(__name__)

#: How often systemd is notified within the time after which it restarts the process.
NOTICES = 6
_running: set[asyncio.Task[None]] = set()


def start() -> None:
    """Begin to notify systemd, where it has set a watchdog."""
    seconds = int(os.environ.get("WATCHDOG_USEC", "0")) / 1_000_000
    if seconds and "NOTIFY_SOCKET" in os.environ:
        _running.add(asyncio.create_task(notify_while_working(pool, every=seconds / NOTICES)))


async def notify_while_working(pool: DatabasePool, every: float) -> None:
    """Notify systemd for as long as the database threads end their jobs, whatever the result.

    A process that is busy ends some. One whose database is down ends them with an error, and is
    not restarted: that would bring the database no sooner, and close every socket.
    """
    ended = asyncio.Event()
    pool.after_each_job(ended.set)
    while True:
        ended.clear()
        try:
            await pool.run(_nothing)
        except Exception as error:
            logger.warning("The watchdog found no database thread: %r", error)
        await asyncio.sleep(every)
        if ended.is_set():
            _notify("WATCHDOG=1")


def _notify(state: str) -> None:
    address = os.environ["NOTIFY_SOCKET"]
    if address.startswith("@"):  # in the abstract namespace
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(state.encode(), address)
    except OSError as error:
        logger.warning("systemd cannot be notified: %s", error)


def _nothing() -> None:
    """Do nothing."""
