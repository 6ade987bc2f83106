"""Benchmark of the live floor against other ways to build one, all sides in one run.

    make bench-live             or  ... python -m benchmarks.live --only fan-out

Servers and clients are processes of their own, and the sides alternate. It prints ratios and writes
them to docs/performance.md when everything was measured.
"""

import argparse
import sys
import time
from collections.abc import Callable
from importlib.metadata import version

from benchmarks import fanout, working
from benchmarks.engine import versions
from benchmarks.report import Result, say, table, write
from benchmarks.stage import Stage, stage

MEASURES: dict[str, Callable[[Stage], list[Result]]] = {
    "fan-out": fanout.fan_out,
    "one-by-one": fanout.fan_out_one_by_one,
    "fan-out-uvicorn": fanout.fan_out_on_uvicorn,
    "last-socket": fanout.last_socket,
    "lives": working.lives,
    "command": working.command_alone,
    "memory": fanout.memory,
    "cuts": working.cuts,
    "row-lock": fanout.row_lock,
}
PACKAGES = (
    *("channels", "channels-redis", "daphne", "uvicorn", "wsproto"),
    *("Flask", "Flask-SocketIO", "python-socketio", "SQLAlchemy", "PyMySQL", "gunicorn"),
)


def main() -> int:
    """Measure, print, write the page when nothing was left out; return 1 when a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=MEASURES, help="one measure; writes nothing")
    only = parser.parse_args().only
    with stage() as here:
        results = [
            result
            for name, measure in MEASURES.items()
            if only in (None, name)
            for result in _measured(name, measure, here)
        ]
        what_ran = f"{versions()}; " + ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    print(table(results))
    if only is None:
        write("live", table(results), what_ran)
    return int(not all(result.met for result in results))


def _measured(name: str, measure: Callable[[Stage], list[Result]], here: Stage) -> list[Result]:
    say(f"{name} ...")
    begin = time.monotonic()
    results = measure(here)
    say(f"  ratio {results[0].ratio:.2f}, {results[0].bar} ({time.monotonic() - begin:.0f} s)")
    return results


if __name__ == "__main__":
    sys.exit(main())
