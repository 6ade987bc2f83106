"""Clients of each role that send a command over HTTP or a socket, and roll its changes back."""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, NamedTuple

from asgiref.sync import async_to_sync, sync_to_async
from django.db.transaction import savepoint, savepoint_rollback
from django.test import Client

from conftest import Socket, open_socket
from spa_project.lib.db.pool import pool
from spa_project.tests.hostile.changes import changed_since, digest, writes
from spa_project.tests.hostile.visits import Asker, Floor

VISITORS = frozenset({Asker.NOBODY, Asker.CUSTOMER})
SOCKETS = {
    Asker.NOBODY: "/ws/customer/?branch=makati",
    Asker.CUSTOMER: "/ws/customer/?branch=makati",
    Asker.THERAPIST: "/ws/therapist/",
    Asker.CASHIER: "/ws/cashier/",
    Asker.MONITOR: "/ws/monitor/",
    Asker.MANAGER: "/ws/monitor/",
}


class Request(NamedTuple):
    """Command sent by a client of some role."""

    asker: Asker
    command: str
    data: dict[str, Any]


class Outcome(NamedTuple):
    """Answer to a request, and the tables that a refusal has changed nevertheless."""

    code: str
    sentence: str
    changed: tuple[str, ...]


def over_http(floor: Floor, requests: Iterable[Request]) -> Iterator[tuple[Request, Outcome]]:
    """Send each request as a POST; yield it with its outcome."""
    client, before = Client(), digest()
    for request in requests:
        with taken_back(), writes() as written:
            reply = post(client, floor, request)
            yield request, _outcome(reply, written, before)


def post(client: Client, floor: Floor, request: Request) -> dict[str, Any]:
    """Return the reply to a command over HTTP."""
    return client.post(
        f"/api/commands/{request.command}/?branch=makati",
        json.dumps(request.data),
        content_type="application/json",
        headers=_login_of(floor, request.asker),
    ).json()


def over_sockets(
    monkeypatch: Any, floor: Floor, requests: Iterable[Request]
) -> list[tuple[Request, Outcome]]:
    """Send each request over its client's own socket; return the outcomes."""
    use_the_tests_thread(monkeypatch)
    return async_to_sync(_ask_all)(floor, list(requests))


async def _ask_all(floor: Floor, requests: list[Request]) -> list[tuple[Request, Outcome]]:
    before = await sync_to_async(digest)()
    heard = []
    async with sockets_of(floor) as sockets:
        for request in requests:
            block = _Block()
            await sync_to_async(block.begin)()
            reply = await sockets[request.asker].ask(request.command, **request.data)
            heard.append((request, await sync_to_async(block.end)(reply, before)))
    return heard


class _Block:
    """Asynchronous context manager for `taken_back` and `writes`."""

    def begin(self) -> None:
        self._back, self._writes = taken_back(), writes()
        self._back.__enter__()
        self._written = self._writes.__enter__()

    def end(self, reply: dict[str, Any], before: dict[str, str]) -> Outcome:
        self._writes.__exit__(None, None, None)
        outcome = _outcome(reply, self._written, before)
        self._back.__exit__(None, None, None)
        return outcome


@asynccontextmanager
async def sockets_of(floor: Floor) -> AsyncIterator[dict[Asker, Socket]]:
    """Open a socket for each kind of client."""
    async with AsyncExitStack() as open_ones:
        yield {
            asker: await open_ones.enter_async_context(
                open_socket(path, headers=_login_of(floor, asker))
            )
            for asker, path in SOCKETS.items()
        }


@contextmanager
def taken_back() -> Iterator[None]:
    """Roll back every change to the database in the block."""
    here = savepoint()
    try:
        yield
    finally:
        savepoint_rollback(here)


def _outcome(reply: dict[str, Any], written: list[str], before: dict[str, str]) -> Outcome:
    if reply["ok"]:
        return Outcome("ok", "", ())
    changed = changed_since(before) if written else []
    return Outcome(reply["code"], reply["error"], tuple(changed))


def _login_of(floor: Floor, asker: Asker) -> dict[str, str]:
    return {} if asker in VISITORS else {"authorization": f"Bearer {floor.tokens[asker]}"}


def use_the_tests_thread(monkeypatch: Any) -> None:
    """Run the sockets' work on the test's thread, that of visitors too."""
    for slots in (pool, pool.visitors):
        monkeypatch.setattr(slots, "run", on_the_tests_thread)


async def on_the_tests_thread(work: Callable[..., Any], *args: Any) -> Any:
    """Run work on the test's own connection: the pool's threads do not see its data."""
    return await sync_to_async(work)(*args)
