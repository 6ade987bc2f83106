"""Tests of a socket's queue of messages."""

import asyncio

import pytest

from spa_project.lib.realtime.eager_start import start_eagerly
from spa_project.lib.realtime.send_queue import SEND_EVENT, Message, SendQueue

pytestmark = pytest.mark.asyncio


class Line:
    """A client that takes messages while it keeps up."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.caught_up: asyncio.Future[None] | None = None
        self.is_open = True

    async def send(self, message: Message) -> bool:
        self.sent.append(message)
        if self.caught_up:
            await self.caught_up
        return self.is_open

    def fall_behind(self) -> None:
        self.caught_up = asyncio.get_running_loop().create_future()

    def catch_up(self) -> None:
        assert self.caught_up
        self.caught_up.set_result(None)
        self.caught_up = None


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def queue(line) -> SendQueue:
    return SendQueue(line.send, 2)


async def test_a_message_is_sent_at_once_without_a_task(line, queue):
    before = asyncio.all_tasks()
    queue.put("a")
    queue.put("b")
    assert line.sent == ["a", "b"]
    assert asyncio.all_tasks() == before


async def test_messages_wait_in_order_until_the_client_has_caught_up(line, queue):
    line.fall_behind()
    for message in "abc":
        queue.put(message)
    assert line.sent == ["a"]
    assert queue.full
    line.catch_up()
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
    assert line.sent == ["a", "b", "c"]
    queue.put("d")
    assert line.sent == ["a", "b", "c", "d"]


async def test_nothing_is_sent_after_the_socket_is_dead(line, queue):
    line.is_open = False
    queue.put("a")
    queue.put("b")
    assert line.sent == ["a"]


async def test_nothing_is_sent_after_the_end(line, queue):
    line.fall_behind()
    queue.put("a")
    queue.put("b")
    queue.end()
    line.catch_up()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert line.sent == ["a"]


async def test_an_event_is_sent_by_the_servers_extension(line, queue):
    taken: list[str] = []

    def take(event: str) -> bool:
        taken.append(event)
        return True

    queue.use_extension({"extensions": {SEND_EVENT: take}})
    queue.put_event("a")
    queue.put("reply")
    queue.put_event("b")
    assert (taken, line.sent) == (["a", "b"], ["reply"])


@pytest.mark.parametrize("scope", [{}, {"extensions": {SEND_EVENT: lambda _event: False}}])
async def test_an_event_that_the_server_does_not_take_is_queued_in_order(line, queue, scope):
    queue.use_extension(scope)
    line.fall_behind()
    queue.put_event("a")
    queue.use_extension({"extensions": {SEND_EVENT: lambda _event: True}})
    queue.put_event("b")
    line.catch_up()
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
    assert line.sent == ["a", "b"]


async def test_a_coroutine_that_is_cancelled_while_it_waits_cleans_up():
    done = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            done.append("cleaned up")

    task = start_eagerly(work())
    assert task is not None
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == ["cleaned up"]


async def test_the_error_of_what_a_coroutine_waits_for_is_raised_in_it():
    future = asyncio.get_running_loop().create_future()
    caught = []

    async def work() -> None:
        try:
            await future
        except ValueError as error:
            caught.append(error)

    task = start_eagerly(work())
    assert task is not None
    future.set_exception(ValueError("gone"))
    await task
    assert [str(error) for error in caught] == ["gone"]
