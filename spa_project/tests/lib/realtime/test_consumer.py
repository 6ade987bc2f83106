"""Tests of the sockets' robustness: malformed frames, and slow clients."""

import asyncio
import json
import time

import pytest

from conftest import open_socket
from spa_project.lib.known_clients import rate_limit_name
from spa_project.lib.realtime import flood_delay
from spa_project.lib.realtime.consumer import (
    MAX_MESSAGE,
    MESSAGES_AT_ONCE,
    MESSAGES_PER_SECOND,
    SEND_QUEUE_SIZE,
    LiveConsumer,
)
from spa_project.lib.realtime.hub import hub
from spa_project.lib.realtime.messages import RESYNC

pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]

BAD_FRAMES = {
    "no json": "{nope",
    "blank": " ",
    "a list": "[]",
    "a number": "17",
    "no command": "{}",
    "command is a number": '{"command": 1}',
    "command with blanks": '{"command": "drop table"}',
    "too long a command": json.dumps({"command": "a" * 65}),
    "an id that is none": '{"command": "snapshot", "id": {}}',
    "too deep": "[" * 10_000,
    "a number of 5,000 digits": '{"command": "snapshot", "id": ' + "9" * 5000 + "}",
}


@pytest.mark.parametrize("case", BAD_FRAMES)
async def test_a_bad_frame_is_answered_and_the_third_closes(branch, case):
    async with open_socket("/ws/customer/?branch=makati") as socket:
        await socket.hear("snapshot")
        for _each in range(2):
            await socket.send(BAD_FRAMES[case])
            reply = await socket.hear("error")
            assert (reply["ok"], reply["code"]) == (False, "invalid")
        await socket.send(BAD_FRAMES[case])
        assert await socket.close_code() == 4400


async def test_bytes_are_no_message(branch):
    async with open_socket("/ws/customer/?branch=makati") as socket:
        await socket.hear("snapshot")
        await socket.send_bytes(b"\xff\xfe")
        assert (await socket.hear("error"))["code"] == "invalid"


async def test_too_big_a_message_closes_with_1009(branch):
    async with open_socket("/ws/customer/?branch=makati") as socket:
        await socket.hear("snapshot")
        await socket.send(json.dumps({"command": "snapshot", "data": "x" * MAX_MESSAGE}))
        assert await socket.close_code() == 1009


async def test_an_unknown_command_is_named_as_such(branch):
    async with open_socket("/ws/customer/?branch=makati") as socket:
        reply = await socket.ask("make_me_rich")
        assert (reply["ok"], reply["code"]) == (False, "unknown_command")


async def test_the_id_comes_back_as_it_was(branch):
    async with open_socket("/ws/customer/?branch=makati") as socket:
        for sent in ("seven", 7, 7.5, None):
            await socket.send(json.dumps({"command": "nothing", "id": sent}))
            assert (await socket.hear("nothing_result"))["id"] == sent


async def test_another_site_cannot_open_a_socket(branch):
    with pytest.raises(AssertionError):
        async with open_socket("/ws/board/?branch=makati", origin="https://evil.example"):
            pass


async def test_who_floods_is_closed_with_4429(branch):
    async with open_socket("/ws/customer/?branch=makati") as socket:
        await socket.hear("snapshot")
        for _each in range(MESSAGES_AT_ONCE + 2 * MESSAGES_PER_SECOND):
            await socket.send('{"command": "nothing"}')
        assert await socket.close_code() == 4429


async def test_the_next_socket_of_a_client_that_floods_opens_a_second_later(branch):
    async with open_socket("/ws/customer/?branch=makati") as socket:
        for _each in range(MESSAGES_AT_ONCE + 2 * MESSAGES_PER_SECOND):
            await socket.send('{"command": "nothing"}')
        assert await socket.close_code() == 4429
    begun = time.monotonic()
    async with open_socket("/ws/customer/?branch=makati") as socket:
        await socket.hear("snapshot")
    assert time.monotonic() - begun > flood_delay.SECONDS / 2


async def test_a_client_whose_frames_are_read_no_more_is_delayed():
    consumer = LiveConsumer()
    consumer.scope = {"headers": [], "client": ("192.0.2.1", 1)}
    await consumer.dispatch({"type": "websocket.flooded"})
    assert flood_delay.flood_delay.seconds(rate_limit_name(consumer.scope)) > 0


async def test_a_snapshot_never_takes_back_what_came_while_it_was_read():
    consumer = LiveConsumer()

    async def read_slowly() -> list[str]:
        consumer.push('{"event": "news"}')
        return []

    consumer._shared_snapshots = read_slowly  # type: ignore[method-assign]
    sent: list[dict] = []
    consumer.base_send = lambda message: _keep(sent, message)
    await consumer._show()
    await asyncio.sleep(0)
    events = [json.loads(message["text"])["event"] for message in sent]
    assert events == ["snapshot", "news"]


async def test_news_that_comes_while_a_snapshot_hangs_costs_no_memory():
    consumer = LiveConsumer()

    async def read_for_ever() -> list[str]:
        for _each in range(10 * SEND_QUEUE_SIZE):
            consumer.push('{"event": "news"}')
        assert consumer._held_back is not None
        assert len(consumer._held_back) == SEND_QUEUE_SIZE
        return []

    consumer._shared_snapshots = read_for_ever  # type: ignore[method-assign]
    sent: list[dict] = []
    consumer.base_send = lambda message: _keep(sent, message)
    await consumer._show()
    assert [message["text"] for message in sent] == [RESYNC]


async def test_the_hub_forgets_a_socket_that_the_server_cancelled(branch):
    async with open_socket("/ws/board/?branch=makati") as socket:
        await socket.hear("snapshot")
        assert hub.topics == {f"board.{branch.pk}"}
        await socket.cancel()
        assert hub.topics == frozenset()


async def test_a_line_that_breaks_in_the_middle_of_a_message_ends_quietly():
    tried = []

    async def break_off(message: dict) -> None:
        tried.append(message)
        raise ConnectionResetError

    consumer = LiveConsumer()
    consumer.base_send = break_off
    for _each in range(2):
        consumer.push("{}")
    await asyncio.sleep(0)
    consumer.push("{}")
    await asyncio.sleep(0)
    assert len(tried) == 1


async def test_who_falls_behind_is_told_to_catch_up_then_closed():
    sent: list[dict] = []
    reads = asyncio.Event()

    async def send_to_a_slow_client(message: dict) -> None:
        sent.append(message)
        await reads.wait()

    async def sent_when_it_reads() -> list[dict]:
        sent.clear()
        reads.set()
        for _turn_of_the_loop in range(2):  # the event's, then the queue's
            await asyncio.sleep(0)
        reads.clear()
        return sent

    consumer = LiveConsumer()
    consumer.base_send = send_to_a_slow_client
    for _each in range(1 + SEND_QUEUE_SIZE + 1):  # the first is on its way
        consumer.push("{}")
    assert [message.get("text") for message in await sent_when_it_reads()] == [RESYNC]
    for _each in range(1 + SEND_QUEUE_SIZE + 1):
        consumer.push("{}")
    assert await sent_when_it_reads() == [{"type": "websocket.close", "code": 4408}]


async def test_a_socket_whose_client_keeps_up_has_no_task_of_its_own():
    sent: list[dict] = []
    consumer = LiveConsumer()
    consumer.base_send = lambda message: _keep(sent, message)
    idle = asyncio.all_tasks()
    for _each in range(2):
        consumer.push("{}")
    assert len(sent) == 2
    assert asyncio.all_tasks() == idle


async def _keep(sent: list[dict], message: dict) -> None:
    sent.append(message)


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({"accept-language": "es-MX, en;q=0.5"}, "Comando desconocido."),
        ({"accept-language": "es", "cookie": "django_language=fil"}, "Hindi kilalang command."),
        ({"accept-language": "xx"}, "Unknown command."),
    ],
)
async def test_a_refusal_is_in_the_language_of_the_page(branch, headers, sentence):
    async with open_socket("/ws/customer/?branch=makati", headers=headers) as socket:
        assert (await socket.ask("no_such_command"))["error"] == sentence


async def test_of_its_headers_a_socket_keeps_those_that_commands_ask_about(branch):
    sent = {"user-agent": "a browser", "accept-language": "fil", "x-forwarded-for": "203.0.113.9"}
    async with open_socket("/ws/customer/?branch=makati", headers=sent) as socket:
        await socket.hear("snapshot")
        kept = {name for name, _value in socket.scope["headers"]}
        assert kept == {b"accept-language", b"x-forwarded-for"}
