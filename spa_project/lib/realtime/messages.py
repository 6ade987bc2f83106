"""Parsing and encoding of messages (docs/protocol.md)."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

from spa_project.lib.commands import Reply

SNAPSHOT = "snapshot"
RESYNC = json.dumps({"event": "resync"})


class Event(NamedTuple):
    """A ready message and its topic."""

    topic: str
    text: str


class EncodedOnce(dict[str, Any]):
    """An object that several messages contain and that is encoded once; it is never changed."""

    @cached_property
    def text(self) -> str:
        """Return the object as JSON."""
        return json.dumps(self)


def text_of(value: Any) -> str:
    """Return a value as JSON."""
    return value.text if isinstance(value, EncodedOnce) else json.dumps(value)


def parse(text: str | None) -> dict[str, Any]:
    """Parse a frame as a message; raise `ValueError` for anything else."""
    try:
        message = json.loads(text or "")
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(message, dict) or not _is_name(message.get("command")):
        raise ValueError("not a message")
    if not isinstance(message.get("id"), str | int | float | None):
        raise ValueError("not an id")
    return message


def _is_name(command: Any) -> bool:
    return isinstance(command, str) and len(command) <= 64 and command.isidentifier()


def result(message: dict[str, Any], reply: Reply) -> str:
    """Return the reply to a command as text."""
    head = {"event": f"{message['command']}_result", "id": message.get("id")}
    return _object_of({**head, **reply})


def _object_of(fields: Mapping[str, Any]) -> str:
    """Return an object as JSON; the fields that are encoded already come last."""
    encoded = {name: value for name, value in fields.items() if isinstance(value, EncodedOnce)}
    plain = json.dumps({name: value for name, value in fields.items() if name not in encoded})
    rest = "".join(f', "{name}": {value.text}' for name, value in encoded.items())
    return f"{plain[:-1]}{rest}}}"


def error(reply: Reply) -> str:
    """Return the reply to a frame that was not parsed, as text."""
    return json.dumps({"event": "error", "id": None, **reply})


def snapshot(*parts: str) -> str:
    """Return a snapshot made of parts that are JSON objects already; none is parsed again."""
    data = ", ".join(part[1:-1] for part in parts if part != "{}")
    return f'{{"event": "{SNAPSHOT}", "data": {{{data}}}}}'
