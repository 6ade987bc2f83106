"""Run a cluster of three machines while people work and parts of it fail; print what that cost.

python -m tools.cluster --seconds 300

As root, on a machine with the packages galera-4, haproxy, keepalived, nginx, curl, rsync,
iproute2, nftables and redis-server. It takes that time and what the repairs take, and ends after at
most three times as long. A run with findings keeps the history and the logs.
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
from tools.cluster.machines import enter_namespaces, why_no_cluster

SETTINGS = "spa_project.tests.settings"
#: Seconds beside those of the run, for the start, repairs and checks.
MENDING = 600.0
SHOWN = 30


def main() -> int:
    """Run the cluster and print its table; return 1 when something is wrong."""
    options = _options()
    if reason := why_no_cluster():
        print(f"No cluster can be run here: {reason}.", file=sys.stderr)
        return 1
    enter_namespaces("tools.cluster")
    signal.signal(signal.SIGTERM, _leave)
    faulthandler.dump_traceback_later(3 * options.seconds + MENDING, exit=True)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    directory = Path(tempfile.mkdtemp(prefix="spa-cluster-"))
    with running_cluster(directory) as cluster:
        findings = ["the run did not come to its end"]
        try:
            findings = asyncio.run(_run(cluster, options, seed, directory))
        finally:
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


async def _run(
    cluster: Cluster, options: argparse.Namespace, seed: int, directory: Path
) -> list[str]:
    os.environ |= cluster.settings | {"REDIS_URL": "", "DJANGO_SETTINGS_MODULE": SETTINGS}
    django.setup()
    # Imported here: it needs Django, and Django needs the database's address.
    from tools.cluster.report import HEADER
    from tools.cluster.run import ClusterRun

    run = ClusterRun(
        cluster, seconds=options.seconds, seed=seed, directory=directory, only=options.only
    )
    print(HEADER, flush=True)
    async for row in run.rows():
        print(row, flush=True)
    return run.findings


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.cluster", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, metavar="N")
    parser.add_argument("--seed", type=int, metavar="N", help="of chance; else a new one")
    parser.add_argument("--only", default="", metavar="REGEX", help="faults whose name has this")
    return parser.parse_args()


def _keep_logs(cluster: Cluster, directory: Path) -> None:
    for server in cluster.servers:
        shutil.copy(server.log, directory / f"{server.name}-{server.place.host}.log")


def _leave(number: int, frame: FrameType | None) -> None:
    """Exit by an exception, so that every block on the way out stops what it started."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
