"""Tests of the failover by Redis Sentinel: events reach the new master."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack

import pytest
from django.core.exceptions import ImproperlyConfigured
from limits import RateLimitItemPerMinute

from spa_project.lib.errors import RateLimited
from spa_project.lib.rate_limits import SharedWindow
from spa_project.lib.realtime.hub import Hub
from spa_project.lib.realtime.messages import Event
from spa_project.lib.redis_config import channel_layers, client_of
from spa_project.tests.faults.hubs import Ear, attached_hub, exchange
from spa_project.tests.faults.redis_servers import Replica, Sentinel, named_master
from tools.faults.proxy import Proxy
from tools.servers import HOST, Redis, free_port

FOUND_WITHIN = 20.0
#: Seconds in which stalled connections are replaced, as docs/operations.md says.
REPLACED_WITHIN = 10.0
DISCARDED_OR_NOT_READ = pytest.mark.parametrize(
    "reads", [True, False], ids=["discarded", "not_read"]
)


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
            await asyncio.to_thread(publisher.publish, Event("a", text))
            await asyncio.sleep(0.1)


@pytest.mark.servers
@pytest.mark.timed
@pytest.mark.asyncio
@pytest.mark.sample(1)
@DISCARDED_OR_NOT_READ
async def test_stalled_connections_to_redis_are_replaced(master, settings, reads):
    direct = f"redis://{HOST}:{master.port}/0"
    async with Proxy(master.port) as proxy:
        settings.CHANNEL_LAYERS = channel_layers(f"redis://{HOST}:{proxy.port}/0")
        async with attached_hub() as (hub, ear):
            await exchange(hub, ear, direct, within=FOUND_WITHIN)
            proxy.stall(reads=reads)
            await exchange(hub, ear, direct, within=REPLACED_WITHIN)


@pytest.mark.servers
@pytest.mark.timed
@pytest.mark.asyncio
@pytest.mark.usefixtures("_hang_up")
async def test_events_leave_a_master_that_hangs_for_the_one_that_sentinels_name(
    master, sentinel_url, settings
):
    settings.CHANNEL_LAYERS = channel_layers(sentinel_url)
    async with AsyncExitStack() as ending:
        hub, ear = await ending.enter_async_context(attached_hub())
        await exchange(hub, ear, sentinel_url, within=FOUND_WITHIN)
        master.send_signal(signal.SIGSTOP)
        ending.callback(master.send_signal, signal.SIGCONT)
        async with asyncio.timeout(FOUND_WITHIN):
            while await asyncio.to_thread(named_master, sentinel_url) == master.port:
                await asyncio.sleep(0.1)
        await exchange(hub, ear, sentinel_url, within=REPLACED_WITHIN)


@pytest.mark.servers
@pytest.mark.timed
@pytest.mark.asyncio
@pytest.mark.usefixtures("_hang_up")
async def test_a_sentinel_that_hangs_is_passed_over(master, sentinel_url, settings):
    known = int(sentinel_url.rpartition(":")[2].partition("/")[0])
    async with AsyncExitStack() as ending:
        hanging = await ending.enter_async_context(Proxy(known))
        url = f"redis+sentinel://{HOST}:{hanging.port},{HOST}:{known}/spa"
        settings.CHANNEL_LAYERS = channel_layers(url)
        hub, ear = await ending.enter_async_context(attached_hub())
        await exchange(hub, ear, sentinel_url, within=FOUND_WITHIN)
        hanging.swallow()
        await asyncio.to_thread(master.kill)
        async with asyncio.timeout(FOUND_WITHIN):
            while await asyncio.to_thread(named_master, sentinel_url) == master.port:
                await asyncio.sleep(0.1)
        await exchange(hub, ear, sentinel_url, within=REPLACED_WITHIN)


@pytest.mark.servers
@pytest.mark.timed
@pytest.mark.asyncio
@pytest.mark.usefixtures("_hang_up")
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
