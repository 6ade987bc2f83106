"""What the clients did and were told, line by line, in Jepsen's shape."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

#: How an operation ended: done, refused, or nobody knows.
OK, FAIL, INFO = "ok", "fail", "info"
#: Said when the database was away, perhaps in the middle of a commit; nobody knows either.
UNCLEAR_CODES = frozenset({"busy", "server_error"})


@dataclass(frozen=True)
class Operation:
    """A command somebody sent once (or as `copies` of one frame), and what came of it.

    `began` and `ended` are seconds of this machine's clock, which the servers read too.
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
        """The transaction in the reply."""
        found: dict[str, Any] = self.reply["transaction"]
        return found


class History:
    """Operations in memory, and in a file as they happen: a run that breaks off has one too."""

    def __init__(self, path: Path) -> None:
        self.operations: list[Operation] = []
        self._file = path.open("w")

    def invoke(self, client: str, command: str, data: dict[str, Any]) -> float:
        """Note that a command is sent now; returns when that is."""
        now = time.time()
        self._write({"t": now, "phase": "invoke", "client": client, "op": command, "args": data})
        return now

    def end(self, operation: Operation) -> None:
        """Note how it ended."""
        self.operations.append(operation)
        record = asdict(operation)
        self._write({"t": operation.ended, "op": record.pop("command")} | record)

    def note(self, fault: str) -> None:
        """Note what the nemesis does now."""
        self._write({"t": time.time(), "phase": "fault", "op": fault})

    def of(self, *commands: str) -> Iterator[Operation]:
        """The operations of these commands, in the order they ended."""
        return (each for each in self.operations if each.command in commands)

    def close(self) -> None:
        """Nothing more will happen."""
        self._file.close()

    def _write(self, record: dict[str, Any]) -> None:
        self._file.write(json.dumps(record) + "\n")


def phase_of(reply: dict[str, Any], *, keyed: bool, copies: int) -> str:
    """How an answered operation ended. Of several copies that are not known again by a key the
    first may be refused and the second done."""
    if reply["ok"]:
        return OK
    if reply["code"] in UNCLEAR_CODES or (copies > 1 and not keyed):
        return INFO
    return FAIL
