"""Drill on a machine for experiments, installed as docs/operations.md says and seeded.

As root, in the directory of the code: python -m tools.drill

It injects faults while `manage.py simulate` works: connections to the database and to Redis are
lost by the machine's own firewall, Redis and a process are frozen, the database is stopped. For
each it prints when the processes noticed and when all were ready again. It needs nftables, and
the standard library alone. With `--sentinels` it only freezes the master that Sentinels watch.
"""

import argparse
import itertools
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.error import HTTPError

PROCESSES = ("web1", "web2", "live1", "live2")
#: As a monitor would ask them (deploy/nginx/spa.conf).
ADDRESS = "http://127.0.0.1:9180/{}/readyz"
DATABASE, REDIS = 3306, 6379
DOWN_SECONDS = 30.0
#: More than `WatchdogSec`: a process whose database is down is not restarted.
STOPPED_SECONDS = 75.0
EVERY = 0.2
ASKED_WITHIN = 2.0
GIVEN_UP_AFTER = 120.0
#: More than `/readyz` may take to notice what happened before.
STEADY_SECONDS = 12.0
#: Packets of lost connections, and of a server that is cut off, vanish.
FIREWALL = """
table inet spa_drill {
    set cut_off { type inet_service; }
    set lost { type inet_service . inet_service; }
    chain arriving {
        type filter hook input priority 0
        iifname "lo" tcp dport @cut_off drop
        iifname "lo" tcp sport @cut_off drop
        iifname "lo" tcp sport . tcp dport @lost drop
        iifname "lo" tcp dport . tcp sport @lost drop
    }
}
"""


def run(*command: str) -> str:
    """Run a program; return what it prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


# -- Faults ---------------------------------------------------------------------------------------


@contextmanager
def firewall() -> Iterator[None]:
    """Have a table of the firewall for the faults, and remove it afterwards."""
    run("nft", FIREWALL)
    try:
        yield
    finally:
        run("nft", "delete table inet spa_drill")


def lose_connections() -> None:
    """Lose every open connection to the database and to Redis; new ones work."""
    lost = [each for server in (DATABASE, REDIS) for each in connections_to(server)]
    if lost:
        run("nft", f"add element inet spa_drill lost {{ {', '.join(lost)} }}")


def connections_to(server: int) -> list[str]:
    """Return the ports of the open connections to a server, `client . server`."""
    found = run("ss", "-Htn", "state", "established", f"( dport = :{server} )").splitlines()
    return [f"{line.split()[2].rpartition(':')[2]} . {server}" for line in found]


def take_the_network_down() -> None:
    """Lose everything for a while, and the connections that were open for ever."""
    servers = f"inet spa_drill cut_off {{ {DATABASE}, {REDIS} }}"
    run("nft", f"add element {servers}")
    time.sleep(DOWN_SECONDS)
    lose_connections()
    run("nft", f"delete element {servers}")


def signal_to(unit: str, name: str) -> None:
    """Send the main process of a unit a signal."""
    run("systemctl", "kill", "--kill-whom=main", f"--signal={name}", unit)


# -- What the processes say ------------------------------------------------------------------------


class Watch:
    """Record of what `/readyz` of every process says."""

    def __init__(self) -> None:
        self._said: dict[str, list[tuple[float, str]]] = {name: [] for name in PROCESSES}
        for name in PROCESSES:
            threading.Thread(target=self._ask, args=(name,), daemon=True).start()

    def noticed(self, since: float) -> dict[str, float]:
        """Return the seconds after which each process said that something is wrong, if it did."""
        found = {
            name: next((at - since for at, what in said if at > since and what != "ok"), None)
            for name, said in self._said.items()
        }
        return {name: seconds for name, seconds in found.items() if seconds is not None}

    def unavailable(self, since: float) -> bool:
        """Return whether a process said 503, or nothing in time."""
        every = itertools.chain.from_iterable(self._said.values())
        return any(at > since and what in {"503", "silent"} for at, what in every)

    def seconds_until_ready(self, since: float) -> float:
        """Wait until every process is ready without a reservation; return when that began."""
        while not all(self._is_steady(name, since) for name in PROCESSES):
            if time.monotonic() - since > GIVEN_UP_AFTER:
                return float("inf")
            time.sleep(EVERY)
        return max(self._last_trouble(name, since) for name in PROCESSES) - since

    def _is_steady(self, name: str, since: float) -> bool:
        """Return whether a process has been ready for some seconds."""
        said = self._said[name]
        quiet = time.monotonic() - max(self._last_trouble(name, since), since)
        return bool(said) and said[-1][1] == "ok" and quiet > STEADY_SECONDS

    def _last_trouble(self, name: str, since: float) -> float:
        return max(
            (at for at, what in self._said[name] if at > since and what != "ok"), default=since
        )

    def _ask(self, name: str) -> None:
        while True:
            said = answer(ADDRESS.format(name))
            self._said[name].append((time.monotonic(), said))
            time.sleep(EVERY)


def answer(address: str) -> str:
    """Return `ok`, `degraded`, `503`, or `silent` when there is no answer in time."""
    try:
        with urllib.request.urlopen(address, timeout=ASKED_WITHIN) as response:
            return str(response.read().decode().strip().partition(":")[0])
    except HTTPError as refusal:
        with refusal:
            return "503"
    except OSError:
        return "silent"


# -- The drill -------------------------------------------------------------------------------------


class Drill:
    """Faults one after the other, each with a line of figures."""

    def __init__(self) -> None:
        self._watch = Watch()
        self._watch.seconds_until_ready(time.monotonic())
        self.has_failed = False

    def report(self, fault: str, inject: Callable[[], None], *, within: float) -> None:
        """Inject a fault; print when it was noticed, and when all were ready after its end."""
        began = time.monotonic()
        inject()
        ended = time.monotonic()
        ready = self._watch.seconds_until_ready(ended)
        noticed = self._watch.noticed(began).values()
        first, last = (f"{edge(noticed):5.1f}" if noticed else "    -" for edge in (min, max))
        is_503 = "503" if self._watch.unavailable(began) else "degraded" if noticed else "200"
        print(f"{fault:34} {is_503:9} {first} {last} {ready:6.1f}", flush=True)
        self.has_failed |= ready > within


def restarts() -> list[str]:
    """Return how often systemd has restarted each process."""
    units = [f"spa@{name}" for name in PROCESSES]
    return run("systemctl", "show", "--property=NRestarts", "--value", *units).split()


def drill(*, sentinels: bool) -> bool:
    """Inject all faults; return whether work resumed in time after each."""
    every = Drill()
    print(f"{'fault':34} {'/readyz':9} first  last  ready  (seconds)", flush=True)
    if sentinels:
        every.report("Redis master frozen", lambda: signal_to("redis-server", "STOP"), within=20)
        signal_to("redis-server", "CONT")
        return not every.has_failed
    every.report("open connections lost", lose_connections, within=20)
    every.report(f"network down for {DOWN_SECONDS:.0f} s", take_the_network_down, within=20)
    every.report(f"Redis frozen for {DOWN_SECONDS:.0f} s", freeze_redis, within=10)
    before = restarts()
    every.report(f"database stopped for {STOPPED_SECONDS:.0f} s", stop_the_database, within=20)
    kept = restarts() == before
    print("restarts while the database was down:", "none" if kept else restarts(), flush=True)
    every.report("process frozen", lambda: signal_to("spa@live1", "STOP"), within=90)
    restarted = restarts() != before
    print("restarted by the watchdog:", "yes" if restarted else "NO", flush=True)
    return kept and restarted and not every.has_failed


def freeze_redis() -> None:
    """Freeze Redis for a while."""
    signal_to("redis-server", "STOP")
    time.sleep(DOWN_SECONDS)
    signal_to("redis-server", "CONT")


def stop_the_database() -> None:
    """Stop the database for longer than the watchdog waits."""
    run("systemctl", "stop", "mariadb")
    time.sleep(STOPPED_SECONDS)
    run("systemctl", "start", "mariadb")


def main(arguments: list[str]) -> int:
    """Run the drill while a simulated day works; return 1 when a figure or a ticket is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tools.drill", description=__doc__)
    parser.add_argument("--sentinels", action="store_true", help="REDIS_URL names Sentinels")
    parser.add_argument("--url", default="https://spa.example", help="of the spa")
    parser.add_argument("--logins", required=True, help="file for `manage.py simulate`")
    options = parser.parse_args(arguments)
    simulate = (
        *(sys.executable, "manage.py", "simulate", "--customers", "50", "--speed", "120"),
        *("--url", options.url, "--logins", options.logins),
    )
    with firewall(), subprocess.Popen(simulate) as day:
        try:
            in_time = drill(sentinels=options.sentinels)
        except BaseException:
            day.terminate()
            raise
    print("tickets and ledger:", "right" if day.returncode == 0 else "WRONG", flush=True)
    return 0 if in_time and day.returncode == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
