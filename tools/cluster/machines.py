"""Machines: network namespaces on one bridge, each with the address and firewall of its files."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from tools.cluster.files import ADDRESSES, DEPLOY, deployed
from tools.servers import Namespace, Place, ServerFailed, program
from tools.servers.network import ip

#: Set in the process that has networks and processes of its own.
INSIDE = "SPA_CLUSTER_INSIDE"
BRIDGE = "spa-bridge"
#: Where the people of a run are: a machine that has no database.
OUTSIDE = "10.0.0.1"
#: What is installed on a machine that can run a cluster.
NEEDED = (
    *("mariadbd", "haproxy", "redis-server", "nginx", "keepalived", "curl"),
    *("rsync", "ip", "nft", "unshare"),
)
#: The ports by which the databases agree with each other.
GALERA_PORTS = "4444, 4567, 4568"
_CUT = """
table inet spa_cut {{
    chain arriving {{
        type filter hook input priority -10
        iifname "lan" tcp dport {{ {ports} }} drop
        iifname "lan" tcp sport {{ {ports} }} drop
    }}
}}
"""


@contextmanager
def bridged() -> Iterator[None]:
    """Have a bridge, in a network namespace that this process has for itself."""
    ip("link", "set", "lo", "up")
    ip("link", "add", BRIDGE, "type", "bridge")
    ip("address", "add", f"{OUTSIDE}/24", "dev", BRIDGE)
    ip("link", "set", BRIDGE, "up")
    try:
        yield
    finally:
        ip("link", "delete", BRIDGE)


class Machine(Namespace):
    """A machine with the name and address of the files."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.address = ADDRESSES[name]

    def __enter__(self) -> Self:
        super().__enter__()
        try:
            self._connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    @property
    def place(self) -> Place:
        """Return where a server runs on this machine."""
        return Place(self.address, OUTSIDE, self.inside)

    def cut_off(self, ports: str = GALERA_PORTS) -> None:
        """Lose what goes between these ports and other machines."""
        self.run("nft", _CUT.format(ports=ports))

    def reconnect(self) -> None:
        """End `cut_off`."""
        self.run("nft", "delete table inet spa_cut")

    def unplug(self) -> None:
        """Lose all that goes to other machines, as one without power."""
        ip("link", "set", self.name, "down")

    def plug(self) -> None:
        """End `unplug`."""
        ip("link", "set", self.name, "up")

    def _connect(self) -> None:
        ip("link", "add", self.name, "type", "veth", "peer", "name", "lan", "netns", str(self.pid))
        ip("link", "set", self.name, "master", BRIDGE, "up")
        self.run("ip", "address", "add", f"{self.address}/24", "dev", "lan")
        self.run("ip", "link", "set", "lan", "up")
        self.run("ip", "link", "set", "lo", "up")
        last = max(ADDRESSES.values())
        self.run("nft", deployed("cluster/nftables.conf", {last: f"{last}, {OUTSIDE}"}))
        self.run("sysctl", f"--load={DEPLOY}/cluster/sysctl.conf")


def enter_namespaces(module: str) -> None:
    """Continue `python -m module` in a network and a tree of processes of its own.

    All of it ends with this process.
    """
    if os.environ.get(INSIDE):
        return
    own = ("--net", "--pid", "--fork", "--kill-child", "--mount-proc")
    command = [program("unshare"), *own, sys.executable, "-m", module, *sys.argv[1:]]
    os.execve(command[0], command, os.environ | {INSIDE: "yes"})


def why_no_cluster() -> str:
    """Return why this machine cannot run a cluster, or an empty text when it can."""
    if os.geteuid() != 0:
        return "only root may create network namespaces"
    if not os.path.exists("/usr/lib/galera/libgalera_smm.so"):
        return "galera-4 is not installed"
    for name in NEEDED:
        try:
            program(name)
        except ServerFailed as error:
            return str(error)
    return ""
