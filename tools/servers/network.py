"""A network between this machine and its servers that can lose packets without a word.

It is a Linux network namespace of its own behind a virtual cable, with a firewall. The namespace
exists for as long as a process lives in it, and all of them end with this one. So nothing is left
behind when a test is killed, once the kernel has given up what could not be delivered.
"""

import os
import random
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

from tools.servers.process import (
    Place,
    Server,
    ServerFailed,
    launch,
    program,
    run_quietly,
)

#: Networks of four addresses in 198.18.0.0/16, which is reserved for tests (RFC 2544).
NUMBERS = range(1 << 14)
START_SECONDS = 10.0
_EVERY_CONNECTION = "0-65535 . 0-65535"
#: Packets of a connection in the set vanish, in both directions.
_FIREWALL = """
table inet spa {
    set lost { type inet_service . inet_service; flags interval; }
    chain arriving {
        type filter hook input priority 0
        iifname "lan" tcp sport . tcp dport @lost drop
    }
    chain leaving {
        type filter hook output priority 0
        oifname "lan" tcp dport . tcp sport @lost drop
    }
}
"""
#: States in /proc/net/tcp of what is no connection, or not yet: SYN_RECV, LISTEN.
_NOT_OPEN = frozenset({"03", "0A"})

#: The ports of a connection, the client's and the server's.
Ports = tuple[int, int]


def why_no_network() -> str:
    """Return why this process cannot make such a network, or an empty text when it can."""
    if os.geteuid() != 0:
        return "only root may create network namespaces"
    for name in ("unshare", "nsenter", "ip", "nft"):
        try:
            program(name)
        except ServerFailed as error:
            return str(error)
    if subprocess.run([program("unshare"), "--net", "true"], check=False).returncode != 0:
        return "network namespaces are not allowed on this machine"
    return ""


class Namespace:
    """A network namespace, which exists for as long as the block."""

    def __enter__(self) -> Self:
        self._process = launch([program("unshare"), "--net", "sleep", "infinity"])
        try:
            self._await()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        """Return the process that lives in the namespace."""
        return self._process.pid

    @property
    def inside(self) -> tuple[str, ...]:
        """Return what a command line begins with that runs inside."""
        return (program("nsenter"), "--net", f"--target={self.pid}", "--")

    def run(self, name: str, *arguments: str) -> None:
        """Run an installed program inside; raise `ServerFailed` when it fails."""
        run_quietly([*self.inside, program(name), *arguments])

    def _await(self) -> None:
        """Wait until the process has left our own namespace."""
        deadline = time.monotonic() + START_SECONDS
        theirs = Path(f"/proc/{self.pid}/ns/net")
        while os.readlink(theirs) == os.readlink("/proc/self/ns/net"):
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise ServerFailed("A network namespace did not start.")
            time.sleep(0.01)


class Network:
    """A network in which servers run, `with Network() as network, MariaDB().at(network.place)`."""

    def __enter__(self) -> Self:
        self._lost: set[Ports] = set()
        self.cable = ""
        self._space = Namespace().__enter__()
        try:
            self._connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._space.__exit__()
        if self.cable:
            with suppress(ServerFailed):  # it ends with the namespace, at once or later
                ip("link", "delete", self.cable)

    @property
    def place(self) -> Place:
        """Return where a server runs in this network."""
        return Place(self._host, self._client, self._space.inside)

    def connections(self, server: Server | None = None) -> set[Ports]:
        """Return the open connections to a server, or to all of them."""
        found = set(self._open())
        return {each for each in found if server is None or each[1] == server.port}

    def down(self) -> None:
        """Lose every packet from now on."""
        self._drop([_EVERY_CONNECTION])
        self._lost |= self.connections()

    def up(self) -> None:
        """Carry new connections again; those that were open before `down` stay lost."""
        self.lose(self.connections())

    def lose(self, connections: Iterable[Ports]) -> None:
        """Lose every packet of these connections, as a firewall that forgot them."""
        self._lost.update(connections)
        self._drop(f"{client} . {server}" for client, server in self._lost)

    def _drop(self, connections: Iterable[str]) -> None:
        elements = ", ".join(connections)
        add = f"add element inet spa lost {{ {elements} }}" if elements else ""
        self._space.run("nft", f"flush set inet spa lost; {add}")

    def _open(self) -> Iterator[Ports]:
        """Return the open connections of clients outside."""
        lines = Path(f"/proc/{self._space.pid}/net/tcp").read_text().splitlines()[1:]
        outside = "".join(f"{int(part):02X}" for part in reversed(self._client.split(".")))
        for line in lines:
            _number, here, there, state, *_rest = line.split()
            if there.startswith(outside) and state not in _NOT_OPEN:
                yield int(there.partition(":")[2], 16), int(here.partition(":")[2], 16)

    def _connect(self) -> None:
        """Lay the cable into the namespace, and set up both its ends and the firewall."""
        self.cable = self._lay_cable()
        ip("address", "add", f"{self._client}/30", "dev", self.cable)
        ip("link", "set", self.cable, "up")
        self._space.run("ip", "address", "add", f"{self._host}/30", "dev", "lan")
        self._space.run("ip", "link", "set", "lan", "up")
        self._space.run("ip", "link", "set", "lo", "up")
        self._space.run("nft", _FIREWALL)

    def _lay_cable(self) -> str:
        """Create the two ends of a virtual cable; return the name of ours.

        Its name claims a network's number: other processes make networks at the same time.
        """
        for number in random.sample(NUMBERS, 10):
            cable, base = f"spa-net{number}", 4 * number
            self._client = f"198.18.{base >> 8}.{(base & 255) + 1}"
            self._host = f"198.18.{base >> 8}.{(base & 255) + 2}"
            end = ("peer", "name", "lan", "netns", str(self._space.pid))
            try:
                ip("link", "add", cable, "type", "veth", *end)
            except ServerFailed as error:
                failed = error
            else:
                return cable
        raise failed


def ip(*arguments: str) -> None:
    """Run `ip` in our own namespace; raise `ServerFailed` when it fails."""
    run_quietly([program("ip"), *arguments])
