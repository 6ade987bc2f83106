"""Events leave after the commit, or not at all; they are worth nothing without the database."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import transaction

from spa_project.lib.realtime.hub import hub


class Event(NamedTuple):
    """A ready message and the topic whose sockets hear it."""

    topic: str
    text: str


def encoded(name: str, data: str = "null") -> str:
    """The message of an event; its data is JSON already, encoded once for all who hear it."""
    return f'{{"event": "{name}", "data": {data}}}'


def publish(events: Sequence[Event]) -> None:
    """Send events once the current database transaction has committed.

    They are encoded inside the transaction, so they say what is being committed. Raises
    `RuntimeError` outside a transaction: they would be sent at once, commit or not.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("publish() belongs inside a database transaction.")
    _send_after_commit(events)


def tell(topic: str, name: str, data: Any = None) -> None:
    """An event that is not part of an operation: sent at once where there is no transaction."""
    _send_after_commit([Event(topic, encoded(name, json.dumps(data)))])


def _send_after_commit(events: Sequence[Event]) -> None:
    # A nested function: Django's error path reads its __qualname__, which a partial has not.
    def send() -> None:
        for event in events:
            hub.publish(event.topic, event.text)

    # robust: a broken broker is logged and must not turn a payment that happened into an error.
    transaction.on_commit(send, robust=True)
