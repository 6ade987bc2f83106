"""Fault: a process that dies at a point around one command's commit: `cashier_pay@before commit`.

The points are found in the statements to MariaDB, so they are independent of the code's structure.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from spa_project.lib import commands
from spa_project.lib.db.mysql.connection import DeferringConnection
from spa_project.lib.realtime.consumer import LiveConsumer
from spa_project.lib.realtime.hub import hub
from spa_project.lib.realtime.messages import Event

#: Begin or part of the statement before the crash.
STATEMENTS = {
    "after lock": (b" FOR UPDATE", b"INTO queueing_transactioncounter"),
    "after status": (
        b"INSERT INTO `queueing_transaction` ",
        b"UPDATE `queueing_transaction` SET",
    ),
    "after another row": (
        b"INSERT INTO `payments_payment`",
        b"INSERT INTO `queueing_transactionitem`",
        b"UPDATE `queueing_room` SET",
    ),
}
COMMITS = ("before commit", "after commit")
REPLY = "after reply"
POINTS = (*STATEMENTS, *COMMITS, REPLY)
#: Seconds in which a premature event would be received elsewhere, or a reply is sent.
MEANWHILE = 0.3

_running = threading.local()


def install(argument: str) -> None:
    """Die at that point of that command, `<command>@<point>`, the first time it is reached."""
    command, _at, point = argument.partition("@")
    _note_running(command)
    if point in STATEMENTS:
        _die_after_statement(STATEMENTS[point])
    elif point in COMMITS:
        _die_around_commit(point)
    else:
        _die_after_reply(command)


def _note_running(command: str) -> None:
    answer = commands.answer

    def noted(caller: Any, name: str, data: Any) -> commands.Reply:
        _running.now = name == command
        try:
            return answer(caller, name, data)
        finally:
            _running.now = False

    commands.answer = noted


def _is_running() -> bool:
    return getattr(_running, "now", False)


def _die() -> None:
    time.sleep(MEANWHILE)
    os.kill(os.getpid(), signal.SIGKILL)


def _die_after_statement(marks: tuple[bytes, ...]) -> None:
    ask = DeferringConnection.query

    def ask_or_die(self: DeferringConnection, query: bytes, rows: int | None = None) -> None:
        packet = b";".join([*(statement.text for statement in self._ahead), query])
        ask(self, query, rows)
        if _is_running() and any(mark in packet for mark in marks):
            _die()

    DeferringConnection.query = ask_or_die  # type: ignore[method-assign]


def _die_around_commit(point: str) -> None:
    commit: Callable[[BaseDatabaseWrapper], None] = BaseDatabaseWrapper._commit  # type: ignore[attr-defined]

    def commit_or_die(self: BaseDatabaseWrapper) -> None:
        if _is_running() and point == "before commit":
            _die()
        commit(self)
        if _is_running():
            _die()

    BaseDatabaseWrapper._commit = commit_or_die  # type: ignore[attr-defined]


def _die_after_reply(command: str) -> None:
    """Die after the reply was sent and before the events were."""
    publish = hub.publish
    live = LiveConsumer.__call__

    def keep_in(*events: Event) -> None:
        if not _is_running():
            publish(*events)

    async def live_and_die(self: LiveConsumer, scope: Any, receive: Any, send: Any) -> None:
        async def send_and_die(message: dict[str, Any]) -> None:
            await send(message)
            if message.get("text", "").startswith(f'{{"event": "{command}_result"'):
                threading.Thread(target=_die).start()

        await live(self, scope, receive, send_and_die)

    hub.publish = keep_in  # type: ignore[method-assign]
    LiveConsumer.__call__ = live_and_die  # type: ignore[method-assign]
