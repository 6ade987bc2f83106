"""What a socket hears and says, as text; docs/protocol.md tells what it means."""

import json
from typing import Any

from spa_project.lib.commands import Reply

SNAPSHOT = "snapshot"
RESYNC = json.dumps({"event": "resync"})


def parse(text: str | None) -> dict[str, Any]:
    """A frame as a message; raises `ValueError` for anything else."""
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
    """The answer to a command."""
    event = f"{message['command']}_result"
    return json.dumps({"event": event, "id": message.get("id"), **reply})


def error(reply: Reply) -> str:
    """The answer to a frame that is not looked into."""
    return json.dumps({"event": "error", "id": None, **reply})


def snapshot(*parts: str) -> str:
    """What is shown, of parts that are JSON objects already: none of them is read again."""
    data = ", ".join(part[1:-1] for part in parts if part != "{}")
    return f'{{"event": "{SNAPSHOT}", "data": {{{data}}}}}'
