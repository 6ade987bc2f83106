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
from spa_project.lib.realtime.messages import Event
from spa_project.lib.realtime.publish import encoded, publish


def _event() -> Event:
    topic = MONITOR.topic(Branch.objects.get().pk)
    return Event(topic, encoded(NAME, json.dumps(DATA)))


def _publish(event: Event) -> float:
    """Publish an event after the commit of a transaction; return the moment of the commit."""
    moments: list[float] = []
    with transaction.atomic():
        transaction.on_commit(lambda: moments.append(time.monotonic()))
        publish([event])
    return moments[0]


def _burst(event: Event, count: int) -> list[float]:
    return [_publish(event) for _each in range(count)]


async def publish_as_operations(count: int, pause: float) -> list[float]:
    """Publish on database threads: each event in a job of its own, or a burst without a pause.

    The events of a job leave together, at its end.
    """
    if not count:
        return []
    event = await pool.run(_event)
    if not pause:
        return await pool.run(_burst, event, count)
    moments: list[float] = []
    for _each in range(count):
        moments.append(await pool.run(_publish, event))
        await asyncio.sleep(until_next(moments, pause))
    return moments


application = Publishing(floor, publish_as_operations)
