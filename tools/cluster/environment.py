"""The whole cluster: three machines, and one more for the people of a run."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tools.cluster.files import ADDRESSES
from tools.cluster.machines import Machine, bridged
from tools.cluster.servers import (
    PUBLIC,
    PUBLIC_PORT,
    READER_PORT,
    ClusterApp,
    ClusterRedis,
    GaleraNode,
    HAProxy,
    Health,
    Keepalived,
    Nginx,
    Sentinel,
    answers_at,
    database_url,
)
from tools.faults.environment import Environment, fill, settings_of
from tools.faults.proxy import Proxy
from tools.servers import HOST, Server, ServerFailed

SETTLED_WITHIN = 30.0
#: The account of the spa on every machine, and the database. The health service needs no rights.
ACCOUNTS = (
    "CREATE DATABASE spa",
    "CREATE USER spa@'10.0.0.%' IDENTIFIED BY 'spa'",
    "GRANT ALL ON *.* TO spa@'10.0.0.%'",
    "REVOKE READ ONLY ADMIN ON *.* FROM spa@'10.0.0.%'",
)


@dataclass
class Cluster(Environment):
    """Servers of the cluster, by the name of their machine where there is one on each."""

    machines: dict[str, Machine] = field(default_factory=dict)
    nodes: dict[str, GaleraNode] = field(default_factory=dict)
    #: HAProxy of the people's own machine first.
    haproxies: list[HAProxy] = field(default_factory=list)
    brokers: list[ClusterRedis] = field(default_factory=list)
    sentinels: list[Sentinel] = field(default_factory=list)
    healths: list[Health] = field(default_factory=list)
    #: nginx and keepalived, of two machines.
    nginxes: list[Nginx] = field(default_factory=list)
    keepalives: list[Keepalived] = field(default_factory=list)

    @property
    def servers(self) -> list[Server]:
        """Return all servers, each after those that it needs."""
        return [
            *self.brokers,
            *self.sentinels,
            *self.nodes.values(),
            *self.healths,
            *self.haproxies,
            *self.apps,
            *self.nginxes,
            *self.keepalives,
        ]

    def writers(self) -> list[str]:
        """Return the machine that each HAProxy has chosen, or an empty text where there is none."""
        return [each.writer() for each in self.haproxies if each.running]

    def servers_on(self, machine: Machine) -> list[Server]:
        """Return the servers of one machine, in this order."""
        return [each for each in self.servers if each.place.host == machine.address]

    @asynccontextmanager
    async def network(self) -> AsyncIterator[list[Proxy]]:
        """Run proxies to the floating address, the only one that people know."""
        async with AsyncExitStack() as stack:
            for _each in self.apps:
                self.proxies.append(await stack.enter_async_context(Proxy(PUBLIC_PORT, PUBLIC)))
            yield self.proxies

    @property
    def first(self) -> str:
        """Return the machine whose database is the writer while it is fit."""
        return next(iter(self.machines))


@contextmanager
def running_cluster(directory: Path) -> Iterator[Cluster]:
    """Run the cluster, with a seeded spa."""
    with ExitStack() as stack:
        stack.enter_context(bridged())
        machines = {name: stack.enter_context(Machine(name)) for name in ADDRESSES}
        settings = _settings(directory)
        cluster = Cluster(settings, [], machines=machines)
        _run_brokers(stack, cluster)
        _run_databases(stack, cluster)
        for machine in machines.values():
            cluster.apps.append(stack.enter_context(ClusterApp(machine, **settings)))
        _run_entrances(stack, cluster)
        yield cluster


def _run_databases(stack: ExitStack, cluster: Cluster) -> None:
    """Run one database and fill it; then the others join, as docs/cluster.md says."""
    for name, machine in cluster.machines.items():
        begins = not cluster.nodes
        cluster.nodes[name] = stack.enter_context(GaleraNode(machine, begins=begins))
        cluster.healths.append(stack.enter_context(Health(cluster.nodes[name])))
        if begins:
            for statement in ACCOUNTS:
                cluster.nodes[name].ask(statement)
            cluster.haproxies.append(stack.enter_context(HAProxy()))
            fill(cluster.settings)
    for machine in cluster.machines.values():
        cluster.haproxies.append(stack.enter_context(HAProxy(machine)))


def _run_brokers(stack: ExitStack, cluster: Cluster) -> None:
    one, two, _three = cluster.machines.values()
    master = stack.enter_context(ClusterRedis(one))
    cluster.brokers += [master, stack.enter_context(ClusterRedis(two, master))]
    for machine in cluster.machines.values():
        cluster.sentinels.append(stack.enter_context(Sentinel(machine)))
    deadline = time.monotonic() + SETTLED_WITHIN
    while not all(sentinel.knows_all() for sentinel in cluster.sentinels):
        if time.monotonic() > deadline:
            raise ServerFailed("The Sentinels have not found each other.")
        time.sleep(0.2)


def _run_entrances(stack: ExitStack, cluster: Cluster) -> None:
    """Run nginx on two machines, and the floating address on the first of them."""
    one, two, _three = cluster.machines.values()
    for machine in (one, two):
        cluster.nginxes.append(stack.enter_context(Nginx(machine)))
        keepalived = Keepalived(machine, first=machine is one)
        cluster.keepalives.append(stack.enter_context(keepalived))
    deadline = time.monotonic() + SETTLED_WITHIN
    while not answers_at(PUBLIC):
        if time.monotonic() > deadline:
            raise ServerFailed("Nothing answers at the floating address.")
        time.sleep(0.2)


def _settings(directory: Path) -> dict[str, str]:
    sentinels = ",".join(f"{address}:26379" for address in ADDRESSES.values())
    redis_url = f"redis+sentinel://{sentinels}/spa/0"
    hosts = ",".join([HOST, "localhost", PUBLIC, *ADDRESSES.values()])
    return settings_of(directory, database_url(), redis_url) | {
        "ALLOWED_HOSTS": hosts,
        "REPORTS_DATABASE_URL": database_url(READER_PORT),
    }
