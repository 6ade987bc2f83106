"""Tests of the hub: fan-out to all sockets of a topic, isolation of slow and broken ones."""

import asyncio
import json

import pytest
import pytest_asyncio

from spa_project.lib.metrics import PUBLISH_FAILURES
from spa_project.lib.realtime import hub as hub_module
from spa_project.lib.realtime import relay as relay_module
from spa_project.lib.realtime.hub import Hub
from spa_project.lib.realtime.messages import Event
from spa_project.lib.realtime.relay import Relay
from spa_project.lib.realtime.screen import DigestSource

# Reads run on the database threads, though these never query the database.
pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]


class Ear:
    """Socket that keeps the texts it receives."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def push(self, text: str) -> None:
        self.heard.append(text)


class Broken:
    """Socket that was closed during a send."""

    def push(self, text: str) -> None:
        raise ConnectionResetError


@pytest_asyncio.fixture
async def hub(settings):
    settings.CHANNEL_LAYERS = {}
    own = Hub()
    own.attach()
    yield own
    await own.stop()


async def published(hub: Hub, topic: str, text: str) -> None:
    """Publish from another thread, as an operation does, and let the loop deliver it."""
    await asyncio.to_thread(hub.publish, Event(topic, text))
    await asyncio.sleep(0)


async def test_everyone_of_a_topic_hears_it_and_nobody_else(hub):
    near, far, other = Ear(), Ear(), Ear()
    for topic, ear in (("a", near), ("a", far), ("b", other)):
        await hub.join(topic, ear)
    await published(hub, "a", "news")
    assert (near.heard, far.heard, other.heard) == (["news"], ["news"], [])


async def test_one_broken_socket_silences_nobody(hub):
    ear = Ear()
    for socket in (Broken(), ear, Broken()):
        await hub.join("a", socket)
    for text in ("one", "two"):
        await published(hub, "a", text)
    assert ear.heard == ["one", "two"]


async def test_who_leaves_in_the_middle_of_a_hand_over_disturbs_nobody(hub):
    ears = [Ear(), Ear(), Ear()]

    class Leaver:
        def push(self, text: str) -> None:
            for leaver in (self, *ears[:2]):
                hub._sockets["a"].discard(leaver)

    for socket in (Leaver(), *ears, Leaver()):
        await hub.join("a", socket)
    await published(hub, "a", "news")
    await published(hub, "a", "more")
    assert ears[2].heard == ["news", "more"]


async def test_who_has_left_hears_nothing_more(hub):
    ear = Ear()
    await hub.join("a", ear)
    await hub.leave("a", ear)
    await published(hub, "a", "news")
    assert ear.heard == []
    assert hub.topics == frozenset()


async def test_a_thousand_screens_cost_one_read(hub):
    reads = []

    def read() -> dict[str, int]:
        reads.append(1)
        return {"rows": len(reads)}

    shown = await asyncio.gather(*(hub.snapshot("a", read) for _each in range(1000)))
    assert set(shown) == {'{"rows": 1}'}
    assert len(reads) == 1


async def test_an_event_makes_the_snapshot_old(hub):
    answers = iter(["before", "after"])

    def read() -> str:
        return next(answers)

    await hub.join("a", Ear())
    assert json.loads(await hub.snapshot("a", read)) == "before"
    await published(hub, "a", "news")
    assert json.loads(await hub.snapshot("a", read)) == "after"


async def test_a_snapshot_that_failed_is_read_again(hub):
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await hub.snapshot("a", fail)
    assert await hub.snapshot("a", lambda: 7) == "7"


async def test_the_heartbeat_tells_what_the_database_holds(hub):
    ear = Ear()
    await hub.join("a", ear, DigestSource(lambda keys: {7: {"count": 2, "versions": 5}}, 7))
    await beat(hub)
    assert json.loads(ear.heard[0]) == {"event": "heartbeat", "data": {"count": 2, "versions": 5}}


async def test_topics_with_the_same_digest_are_read_together(hub):
    reads = []

    def read(keys: list[int]) -> dict[int, int]:
        reads.append(sorted(keys))
        return {key: 10 * key for key in keys if key != 3}

    ears = {key: Ear() for key in (1, 2, 3)}
    for key, ear in ears.items():
        await hub.join(f"ticket {key}", ear, DigestSource(read, key))
    await beat(hub)
    assert reads == [[1, 2, 3]]
    assert [json.loads(ears[key].heard[0])["data"] for key in (1, 2)] == [10, 20]
    assert ears[3].heard == []  # it has no row in the database


async def test_a_heartbeat_that_fails_is_one_heartbeat_less(hub):
    def fail(keys: list[int]) -> dict[int, int]:
        raise ZeroDivisionError

    ear = Ear()
    await hub.join("a", Ear(), DigestSource(fail, 1))
    await hub.join("b", ear, DigestSource(lambda keys: dict.fromkeys(keys, "well"), 1))
    await beat(hub)
    assert len(ear.heard) == 1


async def beat(hub: Hub) -> None:
    """Send one heartbeat for every topic."""
    for read, topics in hub._topics_by_read().items():
        await hub._beat_for(read, topics)


class NoLayer:
    """Channel layer whose Redis is down."""

    async def new_channel(self) -> str:
        raise ConnectionError

    async def group_add(self, topic: str, channel: str) -> None:
        raise ConnectionError

    async def group_send(self, topic: str, message: dict) -> None:
        raise ConnectionError

    async def flush(self) -> None:
        pass


@pytest_asyncio.fixture
async def lonely_hub(monkeypatch):
    """Run a hub whose Redis is down from the start."""
    for module in (hub_module, relay_module):
        monkeypatch.setattr(module, "get_channel_layer", NoLayer)
    monkeypatch.setattr(relay_module, "LAYER_TIMEOUT", 0.05)
    own = Hub()
    own.attach()
    yield own
    await own.stop()


async def test_with_redis_gone_its_own_process_still_hears(lonely_hub):
    ear = Ear()
    await lonely_hub.join("a", ear)
    before = PUBLISH_FAILURES._value.get()
    await published(lonely_hub, "a", "news")
    assert ear.heard == ["news"]
    async with asyncio.timeout(5):
        while PUBLISH_FAILURES._value.get() == before:
            await asyncio.sleep(0.01)


async def test_a_broker_that_is_gone_costs_no_memory(lonely_hub, monkeypatch):
    relay = lonely_hub._relay
    assert relay is not None
    before = PUBLISH_FAILURES._value.get()
    for number in range(relay_module.OUTGOING_SIZE + 100):
        relay.send(Event("a", str(number)))
    assert relay._outgoing.qsize() == relay_module.OUTGOING_SIZE
    assert PUBLISH_FAILURES._value.get() - before == 100


class HangingLayer(NoLayer):
    """Channel layer whose Redis is connected and never answers."""

    async def new_channel(self) -> str:
        return "ours"

    async def receive(self, channel: str) -> None:
        await asyncio.Event().wait()

    async def group_add(self, topic: str, channel: str) -> None:
        await asyncio.Event().wait()


async def test_a_broker_that_hangs_holds_up_no_heartbeat(monkeypatch):
    for module in (hub_module, relay_module):
        monkeypatch.setattr(module, "get_channel_layer", HangingLayer)
    monkeypatch.setattr(hub_module, "HEARTBEAT_SECONDS", 0.02)
    own, ear = Hub(), Ear()
    own.attach()
    joining = [
        asyncio.create_task(
            own.join(f"t{key}", ear, DigestSource(lambda keys: dict.fromkeys(keys), key))
        )
        for key in range(20)
    ]
    async with asyncio.timeout(1):  # less than one topic's timeout
        while len(ear.heard) < 40:
            await asyncio.sleep(0.01)
    for task in joining:
        task.cancel()
    await own.stop()


async def test_a_chore_is_done_with_every_beat_though_nobody_listens(monkeypatch):
    monkeypatch.setattr(hub_module, "HEARTBEAT_SECONDS", 0.01)
    own, done = Hub(), []

    def fail() -> None:
        raise OSError("the database is away")

    own.on_heartbeat(fail)
    own.on_heartbeat(lambda: done.append(True))
    own.attach()
    async with asyncio.timeout(5):
        while len(done) < 3:
            await asyncio.sleep(0.01)
    await own.stop()


async def test_a_message_that_is_none_of_ours_is_passed_over(lonely_hub):
    heard = []
    relay = Relay("me", lambda *event: heard.append(event))
    for message in ({}, None, {"topic": "a"}, {"topic": "a", "text": "own", "from": "me"}):
        relay._take(message)
    relay._take({"topic": "a", "text": "news", "from": "you"})
    await relay.stop()
    assert heard == [("a", "news")]
