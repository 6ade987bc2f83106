"""Tests of the failover by Redis Sentinel: events reach the new master."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import pytest
import redis
from channels.layers import get_channel_layer
from django.core.exceptions import ImproperlyConfigured
from limits import RateLimitItemPerMinute

from spa_project.lib.errors import RateLimited
from spa_project.lib.rate_limits import SharedWindow
from spa_project.lib.realtime.hub import Hub
from spa_project.lib.redis_config import channel_layers, client_of
from tools.servers import HOST, Redis, free_port

FOUND_WITHIN = 20.0


class Replica(Redis):
    """Replica of another Redis."""

    name = "replica"

    def __init__(self, master: Redis) -> None:
        super().__init__()
        self._master = master

    def command(self) -> list[str]:
        return [*super().command(), "--replicaof", f"{HOST} {self._master.port}"]

    def answers(self) -> bool:
        """Return whether it has caught up with its master."""
        if not super().answers():
            return False
        with redis.Redis(host=HOST, port=self.port) as client:
            return client.info("replication")["master_link_status"] == "up"


class Sentinel(Redis):
    """Sentinel of one master, which is considered down after half a second."""

    name = "sentinel"

    def __init__(self, master: Redis) -> None:
        super().__init__()
        self._master = master

    def prepare(self) -> None:
        self.config = self.directory / "sentinel.conf"
        self.config.write_text(
            f"port {self.port}\nbind {HOST}\ndir {self.directory}\n"
            f"sentinel monitor spa {HOST} {self._master.port} 1\n"
            "sentinel down-after-milliseconds spa 500\n"
            "sentinel failover-timeout spa 2000\n"
        )

    def command(self) -> list[str]:
        return [super().command()[0], os.fspath(self.config), "--sentinel"]

    def answers(self) -> bool:
        """Return whether it knows the replica that it may promote."""
        if not super().answers():
            return False
        with redis.Redis(host=HOST, port=self.port, decode_responses=True) as client:
            return bool(client.sentinel_slaves("spa"))


class Ear:
    """Socket that keeps the texts it receives."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def push(self, text: str) -> None:
        self.heard.append(text)


@pytest.fixture
def master() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture
def sentinel_url(master) -> Iterator[str]:
    with ExitStack() as running:
        running.enter_context(Replica(master))
        sentinel = running.enter_context(Sentinel(master))
        nobody = free_port()
        yield f"redis+sentinel://{HOST}:{nobody},{HOST}:{sentinel.port}/spa"


async def hears(publisher: Hub, ear: Ear, text: str, within: float) -> None:
    """Publish until the other process's socket receives it."""
    async with asyncio.timeout(within):
        while text not in ear.heard:
            await asyncio.to_thread(publisher.publish, "a", text)
            await asyncio.sleep(0.1)


async def hang_up_on_sentinels() -> None:
    """Close the connections to the Sentinels, which Redis's client leaves open."""
    layer: Any = get_channel_layer()
    for shard in layer._get_layer()._shards:
        for client in shard._redis.connection_pool.sentinel_manager.sentinels:
            await client.aclose()


@pytest.mark.servers
@pytest.mark.timed
@pytest.mark.asyncio
async def test_events_follow_the_master_to_its_new_place(master, sentinel_url, settings):
    settings.CHANNEL_LAYERS = channel_layers(sentinel_url)
    async with AsyncExitStack() as ending:
        hubs = [Hub(), Hub()]
        for hub in hubs:
            hub.attach()
            ending.push_async_callback(hub.stop)
        ear = Ear()
        await hubs[1].join("a", ear)
        await hears(hubs[0], ear, "before", within=FOUND_WITHIN)
        await asyncio.to_thread(master.kill)
        await hears(hubs[0], ear, "after", within=FOUND_WITHIN)
        ending.push_async_callback(hang_up_on_sentinels)
        with client_of(sentinel_url, socket_timeout=1) as client:
            assert await asyncio.to_thread(client.info, "replication")
            assert client.connection_pool.get_master_address()[1] != master.port


@pytest.mark.servers
@pytest.mark.timed
def test_rate_limits_are_counted_by_the_master_that_sentinels_name(sentinel_url, caplog):
    one, two = SharedWindow(sentinel_url), SharedWindow(sentinel_url)
    one.hit(RateLimitItemPerMinute(2), "orders", "10.0.0.1")
    two.hit(RateLimitItemPerMinute(2), "orders", "10.0.0.1")
    with pytest.raises(RateLimited):
        one.hit(RateLimitItemPerMinute(2), "orders", "10.0.0.1")
    assert not caplog.records


def test_the_sentinel_form_of_the_address():
    layers = channel_layers("redis+sentinel://ana:p%40ss@one:1,two/spa/3")
    [host] = layers["default"]["CONFIG"]["hosts"]
    assert host["sentinels"] == [("one", 1), ("two", 26379)]
    assert (host["master_name"], host["db"]) == ("spa", 3)
    assert (host["username"], host["password"]) == ("ana", "p@ss")


def test_every_form_waits_for_a_dead_server_a_limited_time_only():
    for url in ("redis://one/0", "redis+sentinel://one/spa"):
        [host] = channel_layers(url)["default"]["CONFIG"]["hosts"]
        assert host["socket_connect_timeout"]
        assert host["socket_timeout"]
        assert host["health_check_interval"]


def test_no_address_is_no_layer():
    assert channel_layers("") == {}


def test_sentinels_without_the_masters_name_are_refused():
    with pytest.raises(ImproperlyConfigured):
        channel_layers("redis+sentinel://one:1")
