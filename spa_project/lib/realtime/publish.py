"""Publishing of events: after the commit of their database transaction, or not at all.

There is no transactional outbox: a lost event is repaired by heartbeat digest and snapshot.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from spa_project.lib.realtime.hub import hub
from spa_project.lib.realtime.messages import Event


def encoded(name: str, data: str = "null") -> str:
    """Return the message of an event; its data is JSON already, encoded once for everybody."""
    return f'{{"event": "{name}", "data": {data}}}'


def publish(events: Sequence[Event]) -> None:
    """Send events once the current database transaction has committed.

    They are encoded inside the transaction, so they contain what is being committed. Raises
    `RuntimeError` outside a transaction, where they would be sent at once, commit or not.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("publish() belongs inside a database transaction.")
    _send_after_commit(events)


def publish_now(topic: str, name: str, data: Any = None) -> None:
    """Send an event that is not part of an operation, at once where there is no transaction."""
    publish_to_all([topic], name, data)


def publish_to_all(topics: Iterable[str], name: str, data: Any = None) -> None:
    """Send one event, encoded once, to these topics."""
    text = encoded(name, json.dumps(data))
    _send_after_commit([Event(topic, text) for topic in topics])


def _send_after_commit(events: Sequence[Event]) -> None:
    # A nested function, because Django's error path reads its __qualname__, which a partial lacks.
    def send() -> None:
        hub.publish(*events)

    # robust: a broken broker is logged and must not turn a committed payment into an error.
    transaction.on_commit(send, robust=True)
