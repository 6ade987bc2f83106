"""A program's line to the floor: opened again when lost, and what was asked is asked again."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from queueing.simulation.client import ConnectionLost, ConnectionRejected, LiveClient

pytestmark = pytest.mark.asyncio

Message = dict[str, Any]
Answer = Callable[[ServerConnection, Message], Awaitable[None]]


@asynccontextmanager
async def open_line(answer: Answer, **options: Any) -> AsyncIterator[LiveClient]:
    """Open a connection to a server that sends an empty snapshot and then the given answers."""

    async def live(connection: ServerConnection) -> None:
        await say(connection, event="snapshot", data={"rows": []})
        async for text in connection:
            await answer(connection, json.loads(text))

    async with serve(live, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with LiveClient([f"http://127.0.0.1:{port}"], "/ws/", **options) as line:
            yield line


async def say(connection: ServerConnection, **message: Any) -> None:
    await connection.send(json.dumps(message))


async def done(connection: ServerConnection, asked: Message) -> None:
    await say(connection, event=f"{asked['command']}_result", id=asked["id"], ok=True)


def first_do(first: Answer, then: Answer = done) -> Answer:
    """Answer the first message in one way, all others in another."""
    answers = [first]

    async def answer(connection: ServerConnection, asked: Message) -> None:
        await (answers.pop() if answers else then)(connection, asked)

    return answer


async def hang_up(connection: ServerConnection, asked: Message) -> None:
    connection.transport.abort()


async def be_busy(connection: ServerConnection, asked: Message) -> None:
    await say(connection, event="x_result", id=asked["id"], ok=False, code="busy", error="Wait.")


async def keep_silent(connection: ServerConnection, asked: Message) -> None:
    pass


async def test_the_reply_is_the_one_with_our_number():
    async def answer_others_first(connection: ServerConnection, asked: Message) -> None:
        await say(connection, event="x_result", id=asked["id"] + 1, ok=False, code="other")
        await done(connection, asked)

    async with open_line(answer_others_first) as line:
        assert (await line.ask("x"))["ok"]


async def test_a_line_that_breaks_before_the_answer_says_so_and_is_opened_again():
    async with open_line(first_do(hang_up)) as line:
        with pytest.raises(ConnectionLost):
            await line.ask("x")
        assert (await line.ask("x"))["ok"]
        assert line.opened == 2


async def test_an_answer_that_does_not_come_is_lost():
    async with open_line(keep_silent, answer_within=0.2) as line:
        with pytest.raises(ConnectionLost):
            await line.ask("x")


@pytest.mark.parametrize("trouble", [hang_up, be_busy])
async def test_whoever_insists_sends_the_same_request_again_until_it_is_done(trouble):
    heard = []

    async def note(connection: ServerConnection, asked: Message) -> None:
        heard.append(asked["data"])
        await done(connection, asked)

    async def note_trouble(connection: ServerConnection, asked: Message) -> None:
        heard.append(asked["data"])
        await trouble(connection, asked)

    async with open_line(first_do(note_trouble, note)) as line:
        assert (await line.insist("cashier_pay", request_id="12345678"))["ok"]
    assert heard == [{"request_id": "12345678"}] * 2


async def test_whoever_insists_in_the_moment_of_a_cut_lets_the_line_come_back():
    async with open_line(done) as line:
        await line.ask("x")
        line.drop()
        await asyncio.sleep(0)  # the connection is lost, and nobody has taken notice of it yet
        async with asyncio.timeout(5):
            assert (await line.insist("cashier_pay", request_id="12345678"))["ok"]


async def test_a_socket_that_is_not_wanted_is_not_opened_again():
    async def refuse(connection: ServerConnection, asked: Message) -> None:
        await connection.close(4401)

    async with open_line(refuse) as line:
        with pytest.raises(ConnectionLost):
            await line.ask("x")
        with pytest.raises(ConnectionRejected, match="4401"):
            await line.ask("x")


async def test_events_are_heard_and_wake_who_waits_for_news():
    heard: list[tuple[str, Message]] = []

    async def tell(connection: ServerConnection, asked: Message) -> None:
        await say(connection, event="room_updated", data={"room": 1})
        await done(connection, asked)

    async with open_line(tell, hear=lambda *what: heard.append(what)) as line:
        waiting = asyncio.create_task(line.news(within=10))
        await line.ask("x")
        async with asyncio.timeout(5):
            await waiting
    assert heard == [("snapshot", {"rows": []}), ("room_updated", {"room": 1})]
