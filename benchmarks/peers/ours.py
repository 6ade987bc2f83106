"""Our own floor, with a URL that publishes an event as an operation does."""

import asyncio
import json
import time

from spa_project.asgi import application as floor  # isort: skip  (it loads the apps)

from django.db import transaction

from accounts.models import Branch
from benchmarks.peers.event import DATA, NAME, Publishing, until_next
from queueing.events import MONITOR
from spa_project.lib.db.pool import pool
from spa_project.lib.realtime.publish import Event, encoded, publish


def _publish(count: int, pause: float) -> list[float]:
    """Publish each event inside a transaction of its own, after its commit."""
    text = encoded(NAME, json.dumps(DATA))
    topic = MONITOR.topic(Branch.objects.get().pk) if count else ""
    moments: list[float] = []
    for _event in range(count):
        with transaction.atomic():
            transaction.on_commit(lambda: moments.append(time.monotonic()))
            publish([Event(topic, text)])
        time.sleep(until_next(moments, pause))
    return moments


async def publish_on_a_database_thread(count: int, pause: float) -> list[float]:
    """Publish on a database thread, as every operation does, one job for each event."""
    async with pool.slot() as executor:
        return await asyncio.get_running_loop().run_in_executor(executor, _publish, count, pause)


application = Publishing(floor, publish_on_a_database_thread)
