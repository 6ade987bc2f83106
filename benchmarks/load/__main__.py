"""Load tests of one machine, each against the same work without the load.

    make bench-load             or  ... python -m benchmarks.load --only L1,L6 --whole

Real MariaDB and Redis, two processes of the application as production starts them, clients in
processes of their own. It prints a table for each load, and writes it to docs/performance.md.
"""

import argparse
import sys
import time
from collections.abc import Callable

from benchmarks.engine import versions
from benchmarks.load.dataset import Scene
from benchmarks.load.people import busy_spa, closed_loop
from benchmarks.load.race import race
from benchmarks.load.screens import fan_out, mass
from benchmarks.load.uvicorn import on_uvicorn
from benchmarks.load.volume import volume
from benchmarks.report import Result, say, table, write
from benchmarks.stage import stage

LOADS: dict[str, Callable[[Scene], list[Result]]] = {
    "L1": busy_spa,
    "L2": closed_loop,
    "L3": fan_out,
    "L4": mass,
    "L5": race,
    "L6": volume,
    "uvicorn": on_uvicorn,
}
STAFF = 30


def main() -> int:
    """Measure, print and write the page; return 1 when a bar was missed."""
    options = _options()
    met = True
    with stage(STAFF) as here:
        scene = Scene(here, options.rows, options.whole, options.seconds)
        for name in options.only:
            say(f"{name} ...")
            begin = time.monotonic()
            results = LOADS[name](scene)
            figures = table(results)
            print(f"{name} ({time.monotonic() - begin:.0f} s)\n{figures}", flush=True)
            met = met and all(result.met for result in results)
            if not options.dry:
                write(f"load {name}", figures, versions())
    return int(not met)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", type=_names, default=list(LOADS), metavar="L1,L2")
    parser.add_argument("--seconds", type=float, metavar="N", help="length of L1, L2 and L3")
    parser.add_argument("--whole", action="store_true", help="L1 for ten minutes, not for one")
    parser.add_argument("--rows", type=int, default=1_000_000, metavar="N", help="visits of L6")
    parser.add_argument("--dry", action="store_true", help="write nothing to the page")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in LOADS]:
        raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
