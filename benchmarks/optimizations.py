"""Replacements of each optimization, with which `make bench-parts` measures without it.

The application has no setting for this. A server process of the benchmark patches one of them out
when it starts; what is then there is what Django, Daphne or the driver does by itself.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

#: Without any of them.
EVERYTHING = "everything"


class Part(NamedTuple):
    """An optimization, what is there without it, and how that is brought about."""

    title: str
    instead: str
    replace: Callable[[], None]


def take_out(name: str) -> None:
    """Replace an optimization in this process, before the apps are loaded."""
    for part in PARTS if name == EVERYTHING else [name] if name else []:
        PARTS[part].replace()
    if name == EVERYTHING:
        _daphnes_messages()


def _statements_one_by_one() -> None:
    from spa_project.lib.db.mysql.connection import DeferringConnection

    def defer(self: DeferringConnection, statement: bytes, rows: int | None = None) -> None:
        self.query(statement, rows)

    def begin(self: DeferringConnection) -> None:
        self.query(b"BEGIN")

    DeferringConnection.defer, DeferringConnection.begin = defer, begin


def _cursors_of_django() -> None:
    from spa_project.lib.db.mysql.base import DatabaseWrapper

    def run(self: Any, sql: str, values: Any, read: Any = None) -> Any:
        with self.cursor() as cursor:
            cursor.execute(sql, values)
            return read and read(cursor)

    DatabaseWrapper.run = run


def _querysets() -> None:
    from spa_project.lib.db.compiled_queries import CompiledQuery, _Compiled

    def on(self: CompiledQuery[Any], connection: Any) -> _Compiled[Any]:
        return _Compiled(self._build(), connection)

    CompiledQuery.on = on


def _writes_of_the_orm() -> None:
    from spa_project.lib.db import compiled_queries
    from spa_project.lib.db.stale_row import StaleRow

    def update_one(model: Any, where: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
        if model._default_manager.filter(**where).update(**changes) != 1:
            raise StaleRow

    def insert(model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        model._default_manager.bulk_create([model(**row) for row in rows])

    def insert_new(*instances: Any) -> None:
        if len(instances) > 1:
            type(instances[0])._default_manager.bulk_create(instances)
        else:
            instances[0].save(force_insert=True)

    compiled_queries.update_one = update_one
    compiled_queries.insert = insert
    compiled_queries.insert_new = insert_new


def _autobahns_frames() -> None:
    from spa_project.lib.websocket_sending import SendingProtocol

    def keep(self: SendingProtocol, data: bytes, *options: Any, **more: Any) -> None:
        self._frames.append(data)

    def gather(self: SendingProtocol, content: str | bytes, binary: bool) -> None:
        if self._frames is None:
            self._frames = []
        self.sendData = keep.__get__(self)
        self.sendMessage(content if isinstance(content, bytes) else content.encode(), binary)
        del self.sendData

    SendingProtocol.gather = gather


def _a_write_for_each_message() -> None:
    from spa_project.lib import websocket_sending as sending

    def send(self: sending.SendingProtocol, content: str | bytes, binary: bool = False) -> None:
        if self.state == self.STATE_OPEN:
            sending.write(self.transport, sending.frame(content, binary))

    sending.SendingProtocol.serverSend = sending.SendingProtocol.send_event = send


def _a_write_for_each_event() -> None:
    from spa_project.lib import websocket_sending

    websocket_sending.GATHER_SECONDS = 0


def _a_coroutine_for_each_event() -> None:
    from spa_project.lib.daphne import GracefulServer

    del GracefulServer.create_application


def _writes_of_the_selector() -> None:
    from spa_project.lib import websocket_sending

    websocket_sending.write = lambda transport, data: transport.write(data)


def _daphnes_messages() -> None:
    from spa_project.lib.websocket_sending import SendingProtocol

    del SendingProtocol.serverSend


PARTS = {
    "pipelining": Part(
        "pipelined statements", "BEGIN and inserts are sent at once", _statements_one_by_one
    ),
    "direct_statements": Part(
        "statements without cursors", "Django's cursor and the driver's", _cursors_of_django
    ),
    "compiled": Part("compiled queries", "built and compiled each time", _querysets),
    "writes": Part(
        "updates and inserts from kept text", "`update`, `bulk_create`, `save`", _writes_of_the_orm
    ),
    "frames": Part("frames made once", "autobahn's `sendMessage`", _autobahns_frames),
    "gathering": Part(
        "one write for what is sent together", "one for each message", _a_write_for_each_message
    ),
    "gathered_events": Part(
        "one write for the events of 10 ms",
        "one for each turn of the loop",
        _a_write_for_each_event,
    ),
    "events": Part(
        "events without coroutines", "ASGI's `send` for each", _a_coroutine_for_each_event
    ),
    "direct": Part("direct writes", "Twisted's `write`", _writes_of_the_selector),
}
