"""History of a fault run: operations and their answers as JSON lines, in Jepsen's shape."""

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

#: How an operation ended: done, refused, or unknown.
OK, FAIL, INFO = "ok", "fail", "info"
#: Codes of answers during a database outage, perhaps in the middle of a commit: the end is unknown.
UNCLEAR_CODES = frozenset({"busy", "server_error"})


@dataclass(frozen=True)
class Operation:
    """Command that was sent once (or as `copies` of one frame), and its answer.

    `began` and `ended` are seconds of this machine's clock, which the servers use too.
    """

    client: str
    command: str
    data: dict[str, Any]
    began: float
    ended: float
    phase: str
    reply: dict[str, Any]
    copies: int = 1

    @property
    def transaction(self) -> dict[str, Any]:
        """Return the transaction in the reply."""
        found: dict[str, Any] = self.reply["transaction"]
        return found


class History:
    """Operations in memory and, as they happen, in a file, so that an aborted run has one too."""

    def __init__(self, path: Path) -> None:
        self.operations: list[Operation] = []
        self._file = path.open("w")

    def invoke(self, client: str, command: str, data: dict[str, Any]) -> float:
        """Record that a command is sent now, and return the time."""
        now = time.time()
        self._write({"t": now, "phase": "invoke", "client": client, "op": command, "args": data})
        return now

    def end(self, operation: Operation) -> None:
        """Record how an operation ended."""
        self.operations.append(operation)
        record = asdict(operation)
        self._write({"t": operation.ended, "op": record.pop("command")} | record)

    def note(self, fault: str) -> None:
        """Record the fault that the nemesis injects now."""
        self._write({"t": time.time(), "phase": "fault", "op": fault})

    def of(self, *commands: str) -> Iterator[Operation]:
        """Return the operations of these commands, in the order they ended."""
        return (each for each in self.operations if each.command in commands)

    def requests(self, command: str) -> dict[str, list[Operation]]:
        """Return the operations of a command by their idempotency key."""
        tries: dict[str, list[Operation]] = defaultdict(list)
        for operation in self.of(command):
            tries[operation.data["request_id"]].append(operation)
        return tries

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, record: dict[str, Any]) -> None:
        self._file.write(json.dumps(record) + "\n")


def phase_of(reply: dict[str, Any], *, keyed: bool, copies: int) -> str:
    """Return how an answered operation ended.

    The first of several copies without an idempotency key may be refused and the second done.
    """
    if reply["ok"]:
        return OK
    if reply["code"] in UNCLEAR_CODES or (copies > 1 and not keyed):
        return INFO
    return FAIL
