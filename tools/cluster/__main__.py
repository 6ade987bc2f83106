"""Run a cluster of three machines while people work and parts of it fail; print what that cost.

python -m tools.cluster --seconds 300

As root, on a machine with the packages galera-4, haproxy, rsync, iproute2, nftables and
redis-server. It takes that time and what the repairs take, and ends after at most three times as
long. A run with findings keeps the history and the logs.
"""

import argparse
import asyncio
import faulthandler
import os
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

import django

from tools.cluster.environment import Cluster, running_cluster
from tools.cluster.machines import why_no_cluster
from tools.servers import Server, program

SETTINGS = "spa_project.tests.settings"
#: Set in the process that has networks and processes of its own.
INSIDE = "SPA_CLUSTER_INSIDE"
#: Seconds beside those of the run, for the start, repairs and checks.
MENDING = 600.0
SHOWN = 30


def main() -> int:
    """Run the cluster and print its table; return 1 when something is wrong."""
    options = _options()
    if reason := why_no_cluster():
        print(f"No cluster can be run here: {reason}.", file=sys.stderr)
        return 1
    if not os.environ.get(INSIDE):
        _enter_namespaces()
    signal.signal(signal.SIGTERM, _leave)
    faulthandler.dump_traceback_later(3 * options.seconds + MENDING, exit=True)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    directory = Path(tempfile.mkdtemp(prefix="spa-cluster-"))
    with running_cluster(directory) as cluster:
        findings = asyncio.run(_run(cluster, options.seconds, seed, directory))
        if findings:
            _keep_logs(cluster, directory)
    for finding in findings[:SHOWN]:
        print(f"  WRONG: {finding}")
    print(f"{len(findings):,} findings, verify_ledger among the checks; seed {seed}")
    if findings:
        print(f"History and logs: {directory}")
        return 1
    shutil.rmtree(directory)
    return 0


async def _run(cluster: Cluster, seconds: float, seed: int, directory: Path) -> list[str]:
    os.environ |= cluster.settings | {"REDIS_URL": "", "DJANGO_SETTINGS_MODULE": SETTINGS}
    django.setup()
    # Imported here: it needs Django, and Django needs the database's address.
    from tools.cluster.report import HEADER
    from tools.cluster.run import ClusterRun

    run = ClusterRun(cluster, seconds=seconds, seed=seed, directory=directory)
    print(HEADER, flush=True)
    async for row in run.rows():
        print(row, flush=True)
    return run.findings


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.cluster", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, metavar="N")
    parser.add_argument("--seed", type=int, metavar="N", help="of chance; else a new one")
    return parser.parse_args()


def _enter_namespaces() -> None:
    """Continue in a network and a tree of processes of our own: all of it ends with this one."""
    own = ("--net", "--pid", "--fork", "--kill-child", "--mount-proc")
    command = [program("unshare"), *own, sys.executable, "-m", "tools.cluster", *sys.argv[1:]]
    os.execve(command[0], command, os.environ | {INSIDE: "yes"})


def _keep_logs(cluster: Cluster, directory: Path) -> None:
    servers: list[Server] = [*cluster.apps, *cluster.nodes.values(), *cluster.haproxies]
    for server in servers:
        shutil.copy(server.log, directory / f"{server.name}-{server.place.host}.log")


def _leave(number: int, frame: FrameType | None) -> None:
    """Exit by an exception, so that every block on the way out stops what it started."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
