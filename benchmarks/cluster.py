"""Benchmark of the cluster: whole lives per second on three databases against one.

    python -m benchmarks.cluster

As root, with what `make cluster` needs. Both have two processes and the same clients, and are
measured in turns on the same machine, whose processors the three databases share. It prints the
ratio, and writes it to docs/cluster.md.
"""

import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.engine import set_up, versions
from benchmarks.lives import Desks, work
from benchmarks.report import Result, beside, say, table, write
from benchmarks.sockets import Address
from tools.cluster.environment import running_cluster
from tools.cluster.machines import enter_namespaces, why_no_cluster
from tools.faults.environment import CASHIERS, THERAPISTS, Environment, on_mariadb
from tools.servers import PROJECT, AppServer, run_quietly
from tools.servers.app import MANAGE
from tools.servers.clients import Floor, log_in

PAGE = PROJECT / "docs" / "cluster.md"
PROCESSES = 2
SECONDS, ROUNDS = 10.0, 3
NO_DRAWERS = "from accounts.models import Branch; Branch.objects.update(drawers=False)"


def desks(apps: Sequence[AppServer]) -> Desks:
    """Return the clients of the floor, spread over these processes."""

    def at(path: str, number: int, who: str = "") -> Address:
        app = apps[number % len(apps)]
        cookie = log_in(app, f"{who}{number}") if who else ""
        return Address(app.port, path, cookie, host=app.place.host)

    therapists, cashiers = range(1, THERAPISTS + 1), range(1, CASHIERS + 1)
    return Desks(
        customers=[at("/ws/customer/?branch=main", number) for number in therapists],
        therapists=[at("/ws/therapist/", number, "therapist") for number in therapists],
        cashiers=[at("/ws/cashier/", number, "cashier") for number in cashiers],
        monitors=[at("/ws/monitor/", 1, "monitor")],
        offers=[offer["id"] for offer in Floor(apps[0], apps[0]).offers()[:2]],
        rooms=[str(number) for number in therapists],
        persistent=True,
    )


def measure(cluster: Environment, single: Environment) -> Result:
    """Return the median of both, measured in turns."""
    sides = {"three databases": cluster, "one database": single}
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for environment in sides.values():
        run_quietly([*MANAGE, "shell", "-v", "0", "-c", NO_DRAWERS], **environment.settings)
    clients = {name: desks(each.apps[:PROCESSES]) for name, each in sides.items()}
    for _round in range(ROUNDS):
        for name, side in clients.items():
            rates[name].append(work(side, SECONDS).lives_per_second)
            say(f"  {name}: {rates[name][-1]:.1f} lives/s")
    three, one = map(statistics.median, rates.values())
    what = f"whole lives per second, {PROCESSES} processes: three databases against one"
    return beside(what, three, one, "{:.1f}/s")


def main() -> int:
    """Measure, print and write the page."""
    if reason := why_no_cluster():
        say(f"No cluster can be run here: {reason}.")
        return 1
    enter_namespaces("benchmarks.cluster")
    with tempfile.TemporaryDirectory(prefix="spa-lives-") as directory:
        three, one = Path(directory, "three"), Path(directory, "one")
        three.mkdir()
        one.mkdir()
        with running_cluster(three) as cluster, on_mariadb(one) as single:
            results = [measure(cluster, single)]
            set_up(single.settings["DATABASE_URL"])
            what_ran = versions()
    print(table(results))
    write("lives", table(results), what_ran, PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
