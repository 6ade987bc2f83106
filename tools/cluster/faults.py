"""Faults of a cluster, in the order of a run; each leaves the cluster whole for the next."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple

from tools.cluster.environment import Cluster
from tools.cluster.servers import GaleraNode
from tools.servers import Server

#: Seconds in which a writer is chosen, a master promoted or a node joins, on a busy machine.
CHANGED_WITHIN = 60.0
EVERY = 0.05

Work = Callable[[], Awaitable[None]]


class Fault(NamedTuple):
    """Fault to inject while people work; it is over when `inject` returns."""

    name: str
    inject: Work


def faults_of(cluster: Cluster) -> Iterator[Fault]:
    """Return the faults of a run."""
    one, _two, three = cluster.nodes.values()
    yield Fault("writer killed", lambda: _lose_writer(cluster, one.kill))
    yield Fault("writer back, by IST", lambda: _start(cluster, one))
    yield Fault("writer frozen", lambda: _lose_writer(cluster, lambda: _freeze(one)))
    yield Fault("writer thawed", lambda: _find_writer(cluster, lambda: _thaw(one)))
    cut, join = one.machine.cut_off, one.machine.reconnect
    yield Fault("writer cut off, in the minority", lambda: _lose_writer(cluster, cut))
    yield Fault("writer connected again", lambda: _find_writer(cluster, join))
    yield Fault("reader killed", lambda: _run(three.kill))
    yield Fault("reader back, by IST", lambda: _start(cluster, three))
    yield Fault("reader replaced, by SST", lambda: _run(three.kill, three.forget, three.start))
    yield Fault("writer planned away", lambda: _lose_writer(cluster, lambda: _read_only("ON", one)))
    yield Fault(
        "writer planned back", lambda: _find_writer(cluster, lambda: _read_only("OFF", one))
    )
    yield Fault("HAProxy restarted, on each machine", lambda: _restart_haproxies(cluster))
    yield Fault("Redis master killed", lambda: _fail_over(cluster))
    yield Fault("process killed", lambda: _run(cluster.apps[1].kill, cluster.apps[1].start))


def _read_only(value: str, node: GaleraNode) -> None:
    """Make the node refuse changes, or take them again: a planned switch."""
    node.ask(f"SET GLOBAL read_only = {value}")


async def _run(*works: Callable[[], object]) -> None:
    for work in works:
        await asyncio.to_thread(work)


async def _lose_writer(cluster: Cluster, work: Callable[[], object]) -> None:
    """Take the writer away; return when every machine has chosen another."""
    first = cluster.first
    await _run(work)
    await _until(lambda: all(each.writer() not in ("", first) for each in cluster.haproxies))


async def _find_writer(cluster: Cluster, work: Callable[[], object]) -> None:
    """Bring the first writer back; return when every machine has chosen it."""
    await _run(work)
    await _until(lambda: all(each.writer() == cluster.first for each in cluster.haproxies))


async def _start(cluster: Cluster, node: Server) -> None:
    await _find_writer(cluster, node.start)


async def _restart_haproxies(cluster: Cluster) -> None:
    for each in cluster.haproxies:
        await _run(each.restart)


async def _fail_over(cluster: Cluster) -> None:
    """Kill the master of Redis, wait for the other, and bring it back as a replica."""
    master = next(each for each in cluster.brokers if each.role() == "master")
    [other] = [each for each in cluster.brokers if each is not master]
    await _run(master.kill)
    await _until(lambda: other.role() == "master")
    await _run(master.start)
    await _until(lambda: master.role() == "slave")


def _freeze(server: Server) -> None:
    server.send_signal(signal.SIGSTOP)


def _thaw(server: Server) -> None:
    server.send_signal(signal.SIGCONT)


async def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + CHANGED_WITHIN
    while not await asyncio.to_thread(condition):
        if time.monotonic() > deadline:
            raise TimeoutError("The cluster has not changed in time.")
        await asyncio.sleep(EVERY)
