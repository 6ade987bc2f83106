"""Run the floor under injected faults, and check that nothing is lost and nothing doubled.

It runs on MariaDB and Redis with two processes, or with --sqlite on the embedded default. The
history, the logs of all servers and the database of a run with findings are kept.
"""

import argparse
import asyncio
import faulthandler
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import django

from tools.faults.environment import Environment, on_mariadb, on_sqlite
from tools.servers import HOST, MariaDB, program

if TYPE_CHECKING:
    from tools.faults.session import RunReport

SETTINGS = "spa_project.tests.settings"
SHOWN = 30
#: Seconds that a run may take for repairs and checks beside its own. One that takes longer hangs:
#: its stack is printed, and it is ended.
MENDING = 600.0


def main() -> int:
    """Run the fault run and print its report; return 1 when it has findings."""
    options = _options()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    directory = Path(tempfile.mkdtemp(prefix="spa-faults-"))
    open_environment = on_sqlite if options.sqlite else on_mariadb
    with open_environment(directory) as environment:
        # This process publishes no events, so it needs no Redis.
        os.environ |= environment.settings | {"REDIS_URL": "", "DJANGO_SETTINGS_MODULE": SETTINGS}
        django.setup()
        # Imported here: it needs Django, and Django needs the database's address.
        from tools.faults.session import MOST_TIMES, Session

        faulthandler.dump_traceback_later(MOST_TIMES * options.seconds + MENDING, exit=True)
        session = Session(environment, seconds=options.seconds, seed=seed, directory=directory)
        report = asyncio.run(session.run())
        if report.findings:
            _keep(environment, directory)
        session.close()
    _say(report, seed)
    if not report.findings:
        shutil.rmtree(directory)
        return 0
    print(f"History, logs and database: {directory}; again with --seed {seed}")
    return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, metavar="N")
    parser.add_argument("--sqlite", action="store_true", help="the embedded default, one process")
    parser.add_argument("--seed", type=int, metavar="N", help="of chance; else a new one")
    return parser.parse_args()


def _keep(environment: Environment, directory: Path) -> None:
    for server in environment.servers:
        shutil.copy(server.log, directory / f"{server.name}-{server.port}.log")
    if environment.database:
        _dump(environment.database, directory / "dump.sql")


def _dump(database: MariaDB, path: Path) -> None:
    address = [f"--host={HOST}", f"--port={database.port}", "--user=spa", "--password=spa"]
    with path.open("wb") as file:
        subprocess.run([program("mariadb-dump"), *address, "spa"], stdout=file, check=False)


def _say(report: "RunReport", seed: int) -> None:
    print(f"seed {seed}")
    for name, counts in (
        ("faults", report.faults),
        ("answers", report.phases),
        ("floor", report.happened),
    ):
        print(f"{name:8}", ", ".join(f"{what} {count:,}" for what, count in sorted(counts.items())))
    print(
        f"every screen right {report.healed_after:.1f} s after the last fault; "
        f"longest wait for an answer {report.longest_stall:.1f} s; "
        f"{report.silences} silent lines given up"
    )
    for finding in report.findings[:SHOWN]:
        print(f"  WRONG: {finding}")
    print(f"{len(report.findings):,} findings")


if __name__ == "__main__":
    sys.exit(main())
