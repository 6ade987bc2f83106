"""Events leave after the commit, or not at all; they are worth nothing without the database."""

import json
from typing import Any

from django.db import transaction

from spa_project.lib.hub import hub


def publish(topic: str, event: str, data: Any) -> None:
    """Send an event to a topic once the current database transaction has committed.

    The payload is encoded now, inside the transaction, so it is what is being committed.
    Raises `RuntimeError` outside a transaction: it would be sent at once, commit or not.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("publish() belongs inside a database transaction.")
    tell(topic, event, data)


def tell(topic: str, event: str, data: Any = None) -> None:
    """The same for what is not part of a verb: at once where there is no transaction."""
    text = json.dumps({"event": event, "data": data})

    # A nested function: Django's error path reads its __qualname__, which a partial has not.
    def send() -> None:
        hub.publish(topic, text)

    # robust: a broken broker is logged and must not turn a payment that happened into an error.
    transaction.on_commit(send, robust=True)
