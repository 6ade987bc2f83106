"""Faults of a cluster, in the order of a run; each leaves the cluster whole for the next."""

import asyncio
import re
import signal
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, NamedTuple

from tools.cluster.environment import Cluster
from tools.cluster.next_version import NEXT_VERSION
from tools.cluster.servers import (
    ITS_OWN,
    PUBLIC,
    ClusterApp,
    GaleraNode,
    HAProxy,
    SlowNetwork,
    answers_at,
)
from tools.faults.people import ask
from tools.servers import AppServer, Server, run_quietly
from tools.servers.app import MANAGE
from tools.servers.clients import log_in

#: Seconds in which a writer is chosen, a master promoted or a node joins, on a busy machine.
CHANGED_WITHIN = 60.0
EVERY = 0.05
#: Seconds for which nginx leaves out a process that refused (upstreams.conf), and a bit. A machine
#: has one process in a run, so restarts without a pause would leave nobody.
LEFT_OUT = 5.5
#: Seconds without a quorum, and what is asked meanwhile.
WITHOUT_QUORUM = 5.0
#: Seconds in which a report is read, and the state that it then shows.
REPORT_WITHIN = 5.0
NO_PRIMARY = "no_primary"
#: How many nodes a node sees, with itself.
SIZE = "SHOW GLOBAL STATUS LIKE 'wsrep_cluster_size'"
ORDER: dict[str, Any] = {
    "command": "customer_confirm_selection",
    "items": [{"service_classification_id": 1}],
}
#: Seconds in each direction, so 200 ms for there and back; share of the packets.
DELAY, LOSS = 0.1, 0.02

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
    yield Fault("no quorum for 5 s", lambda: _lose_quorum(cluster))
    yield Fault("reader killed", lambda: _run(three.kill))
    yield Fault("reader back, by IST", lambda: _start(cluster, three))
    yield Fault("reader replaced, by SST", lambda: _replace(cluster, three))
    yield Fault("writer planned away", lambda: _lose_writer(cluster, lambda: _read_only("ON", one)))
    yield Fault(
        "writer planned back", lambda: _find_writer(cluster, lambda: _read_only("OFF", one))
    )
    yield Fault("HAProxy restarted, on each machine", lambda: _restart_haproxies(cluster))
    yield Fault("Redis master killed", lambda: _fail_over(cluster))
    yield Fault("process killed", lambda: _run(cluster.apps[1].kill, cluster.apps[1].start))
    yield Fault("nginx killed", lambda: _lose_nginx(cluster))
    yield Fault("nginx back", lambda: _run(*(each.start for each in _stopped(cluster.nginxes))))
    yield Fault("migration to the next version", lambda: _migrate(cluster))
    yield Fault("process upgraded, on each machine", lambda: _upgrade(cluster))
    slow = SlowNetwork(cluster.machines.values(), delay=DELAY, loss=LOSS)
    yield Fault("200 ms and 2 % loss between machines", lambda: _run(slow.start))
    yield Fault("network fast again", lambda: _run(slow.stop))
    yield Fault("machine of the writer lost, with all its parts", lambda: _lose_machine(cluster))
    yield Fault("machine back", lambda: _return_machine(cluster))
    second = cluster.haproxies[2]
    yield Fault("two machines write, against the rules", lambda: _choose(second, ITS_OWN))
    yield Fault("one machine writes again", lambda: _choose(second, {}))


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
    await _until(lambda: all(each not in ("", first) for each in cluster.writers()))


async def _find_writer(cluster: Cluster, work: Callable[[], object]) -> None:
    """Bring the first writer back; return when every machine has chosen it."""
    await _run(work)
    await _until(lambda: all(each == cluster.first for each in cluster.writers()))


async def _lose_quorum(cluster: Cluster) -> None:
    """Cut all databases off from each other.

    People must be told `busy` until that is over, and a manager must read reports.
    """
    app, (*_first, two, three) = cluster.apps[0], cluster.machines.values()
    manager = await asyncio.to_thread(log_in, app, "manager1")
    await _run(two.cut_off, three.cut_off)
    await _until(lambda: not any(cluster.writers()))
    try:
        await _until(lambda: _report_source(app, manager) == NO_PRIMARY)
        ended = time.monotonic() + WITHOUT_QUORUM
        while time.monotonic() < ended:
            reply = await asyncio.to_thread(ask, app, **ORDER)
            if reply.get("code") != "busy":
                raise RuntimeError(f"an order was answered with {reply}")
            # Again where HAProxy finds out only now that no node is left.
            await _until(lambda: _report_source(app, manager) == NO_PRIMARY)
            await asyncio.sleep(EVERY)
    finally:
        await _run(two.reconnect, three.reconnect)
        await _find_writer(cluster, lambda: None)


def _report_source(app: AppServer, cookie: str) -> str:
    """Return the source that the page of reports names, or an empty text when there is no page."""
    request = urllib.request.Request(f"{app.url}/reports/", headers={"Cookie": cookie})
    try:
        with urllib.request.urlopen(request, timeout=REPORT_WITHIN) as answer:
            page = answer.read().decode()
    except OSError:
        return ""
    found = re.search(r'data-testid="report-source" data-state="(\w+)"', page)
    return found[1] if found else ""


async def _start(cluster: Cluster, node: Server) -> None:
    await _find_writer(cluster, node.start)


async def _replace(cluster: Cluster, node: GaleraNode) -> None:
    """Kill a node, and run a new one in its place once the others have left it behind.

    One that came before could not be told from a node that is cut off: with bad luck all would wait
    for the dead one. A unit starts again after five seconds, too.
    """
    await _run(node.kill, node.forget)
    others = [each for each in cluster.nodes.values() if each is not node]
    await _until(lambda: all(each.ask(SIZE)[0][1] == str(len(others)) for each in others))
    await _run(node.start)


async def _choose(haproxy: HAProxy, changes: dict[str, str]) -> None:
    await _run(lambda: haproxy.choose(changes))


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


async def _lose_nginx(cluster: Cluster) -> None:
    """Kill the nginx that has the floating address; return when the other one has it."""
    [nginx] = [
        nginx
        for nginx, keepalived in zip(cluster.nginxes, cluster.keepalives, strict=True)
        if keepalived.has_address()
    ]
    await _run(nginx.kill)
    await _until(lambda: answers_at(PUBLIC))


def _stopped(servers: Sequence[Server]) -> list[Server]:
    return [each for each in servers if not each.running]


async def _migrate(cluster: Cluster) -> None:
    settings = cluster.settings | {"DJANGO_SETTINGS_MODULE": NEXT_VERSION}
    await _run(lambda: run_quietly([*MANAGE, "migrate", "-v", "0"], **settings))


async def _upgrade(cluster: Cluster) -> None:
    """Restart the process of one machine after the other with the next version."""
    for app in cluster.apps:
        assert isinstance(app, ClusterApp)
        await asyncio.to_thread(app.upgrade, NEXT_VERSION)
        await asyncio.sleep(LEFT_OUT)


async def _lose_machine(cluster: Cluster) -> None:
    """Cut the power of the first machine: nobody is told that its connections are gone."""
    machine = cluster.machines[cluster.first]

    def lose() -> None:
        machine.unplug()
        for server in cluster.servers_on(machine):
            server.kill()

    await _lose_writer(cluster, lose)
    await _until(lambda: answers_at(PUBLIC))


async def _return_machine(cluster: Cluster) -> None:
    """Start the first machine again, with all that it has."""
    machine = cluster.machines[cluster.first]
    await _run(machine.plug, *(server.start for server in cluster.servers_on(machine)))
    await _find_writer(cluster, lambda: None)


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
