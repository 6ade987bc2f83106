"""Tests of a network that acknowledges nothing: packets vanish, then new connections work again.

So does a firewall or a NAT gateway that is started anew: the connections of before stay lost.
"""

import asyncio
import signal
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from urllib.error import HTTPError

import pytest
import redis

from spa_project.lib.redis_config import channel_layers
from spa_project.tests.faults.hubs import attached_hub, exchange
from spa_project.tests.faults.kiosks import all_are_served, kiosks, orders
from spa_project.tests.faults.redis_servers import Replica, Sentinel, named_master
from spa_project.tests.faults.tills import Till, payments
from tools.faults.people import Shift, all_are_right, screens_on, staff_of
from tools.faults.screen import living
from tools.servers import AppServer, Network, Redis, free_port, run_quietly
from tools.servers.network import Ports

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.asyncio, pytest.mark.sample(1)]

#: Seconds, as docs/operations.md says; they begin when the network is back.
RECOVERED_WITHIN = 20.0
REDIS_REPLACED_WITHIN = 10.0
#: Seconds until a process knows that its database is gone: it waits for an answer (10), for a new
#: connection (5), and for a thread (2).
NOTICED_WITHIN = 20.0
FOUND_WITHIN = 20.0
PAYMENTS = 3
PAUSE = 0.2


def readiness(server: AppServer) -> str:
    """Return the status and the text of `/readyz`, when it is answered."""
    try:
        with urllib.request.urlopen(f"{server.url}/readyz", timeout=NOTICED_WITHIN) as response:
            return f"{response.status} {response.read().decode()}".strip()
    except HTTPError as refusal:
        with refusal:
            return str(refusal.code)


async def turns(server: AppServer, wanted: str, within: float) -> None:
    """Wait until `/readyz` gives this answer."""
    async with asyncio.timeout(within):
        while await asyncio.to_thread(readiness, server) != wanted:
            await asyncio.sleep(0.1)


async def test_after_the_network_is_back_everybody_is_served_and_no_payment_is_lost_or_doubled(
    network, spa, far_database, far_processes
):
    one, two = far_processes
    staff, colleagues = staff_of(one), staff_of(two, 2)
    shift = Shift(far_processes, staff)
    for _each in range(2 * PAYMENTS):
        await shift.confirm()
        await shift.treat()
    tills = [Till(one, staff.cashier), Till(two, colleagues.cashier)]
    screens = [screen for server in far_processes for screen in screens_on(server, staff)]
    price = far_processes.offers()[0]["id"]
    async with living(screens):
        async with (
            kiosks(one, price, count=2, pause=PAUSE) as here,
            kiosks(two, price, count=2, pause=PAUSE) as there,
        ):
            working = [*here, *there]
            await asyncio.gather(*(till.pay_next() for till in tills))
            await all_are_served(working, within=RECOVERED_WITHIN)
            network.down()
            paying = asyncio.gather(*(till.pay_next() for till in tills))
            await asyncio.gather(*(turns(each, "503", NOTICED_WITHIN) for each in far_processes))
            assert not paying.done()
            network.up()
            async with asyncio.timeout(RECOVERED_WITHIN):
                await paying
                await all_are_served(working, within=RECOVERED_WITHIN)
                for server in far_processes:
                    await turns(server, "200 ok", RECOVERED_WITHIN)
            await asyncio.gather(*(till.pay_next() for till in tills))
        await all_are_right(two, screens, within=RECOVERED_WITHIN)
    assert one.running
    assert two.running
    taken = payments(far_database)
    assert {taken.get(visit) for till in tills for visit in till.paid} == {1}
    assert [*taken.values()] == [1] * len(tills) * PAYMENTS
    found = orders(far_database)
    assert {found.get(sent) for kiosk in working for sent in kiosk.acknowledged} == {1}
    assert set(found.values()) == {1}
    books = spa | {"DATABASE_URL": far_database.url}
    await asyncio.to_thread(run_quietly, [sys.executable, "manage.py", "verify_ledger"], **books)


# -- Redis ----------------------------------------------------------------------------------------


def connections_of(broker: Redis, kind: str) -> set[Ports]:
    """Return the connections of clients of this kind, `pubsub` or `normal`."""
    with redis.Redis(host=broker.place.host, port=broker.port) as client:
        clients = client.client_list(_type=kind)
    return {(int(each["addr"].rpartition(":")[2]), broker.port) for each in clients}


@pytest.mark.parametrize(
    "kinds",
    [["pubsub"], ["normal"], ["pubsub", "normal"]],
    ids=["subscriber", "publisher", "both"],
)
async def test_a_connection_to_redis_whose_packets_vanish_is_replaced(
    network, far_broker, settings, kinds
):
    settings.CHANNEL_LAYERS = channel_layers(far_broker.url)
    async with attached_hub() as (hub, ear):
        await exchange(hub, ear, far_broker.url, within=FOUND_WITHIN)
        lost = {each for kind in kinds for each in connections_of(far_broker, kind)}
        assert len(lost) >= len(kinds)
        network.lose(lost)
        await exchange(hub, ear, far_broker.url, within=REDIS_REPLACED_WITHIN)


async def test_redis_is_found_again_after_a_network_that_was_down(network, far_broker, settings):
    settings.CHANNEL_LAYERS = channel_layers(far_broker.url)
    async with attached_hub() as (hub, ear):
        await exchange(hub, ear, far_broker.url, within=FOUND_WITHIN)
        network.down()
        while await asyncio.to_thread(hub.echo_received, 1.0):
            pass
        network.up()
        await exchange(hub, ear, far_broker.url, within=REDIS_REPLACED_WITHIN)


@pytest.fixture
def master(network: Network) -> Iterator[Redis]:
    with Redis().at(network.place) as server:
        yield server


@pytest.fixture
def sentinel_url(network: Network, master: Redis) -> Iterator[str]:
    with ExitStack() as running:
        running.enter_context(Replica(master).at(network.place))
        sentinel = running.enter_context(Sentinel(master).at(network.place))
        host = network.place.host
        yield f"redis+sentinel://{host}:{free_port()},{host}:{sentinel.port}/spa"


@pytest.mark.usefixtures("_hang_up")
async def test_sentinels_are_asked_anew_after_the_connections_to_them_are_lost(
    network, master, sentinel_url, settings
):
    settings.CHANNEL_LAYERS = channel_layers(sentinel_url)
    async with AsyncExitStack() as ending:
        hub, ear = await ending.enter_async_context(attached_hub())
        await exchange(hub, ear, sentinel_url, within=FOUND_WITHIN)
        network.lose(network.connections())  # to the Sentinel, the master and the replica
        master.send_signal(signal.SIGSTOP)
        ending.callback(master.send_signal, signal.SIGCONT)
        async with asyncio.timeout(FOUND_WITHIN):
            while await asyncio.to_thread(named_master, sentinel_url) == master.port:
                await asyncio.sleep(0.1)
        await exchange(hub, ear, sentinel_url, within=REDIS_REPLACED_WITHIN)
