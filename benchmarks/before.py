"""Claims of this checkout beside those of another: `python -m benchmarks.before CHECKOUT`.

The other is an older commit in a worktree of its own. Each side has a process and a database in one
MariaDB; they take turns, so that both meet the same load. A third side is this checkout with a line
in which two of five customers asked for a therapist or need a skill.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.engine import p99
from tools.servers import MariaDB

HERE = Path(__file__).parent.parent
WORKER = Path(__file__).with_name("claim_rounds.py")


class Side:
    """A process that claims in a checkout."""

    def __init__(self, name: str, checkout: Path, url: str, *options: str) -> None:
        self.name = name
        self.times: list[float] = []
        self.rates: list[float] = []
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER), url, *options],
            cwd=checkout,
            env={"PYTHONPATH": str(checkout), "PATH": ""},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == "ready"

    def play(self, *, counts: bool = True) -> None:
        """Claim a line."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        times = json.loads(self._process.stdout.readline())
        if counts:
            self.times += times
            self.rates.append(len(times) / sum(times))

    def end(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def main() -> None:
    """Measure, and print rates, the slowest claims and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with MariaDB(durable=True) as server:
        places = {
            "before": (options.checkout.resolve(),),
            "now": (HERE,),
            "now, with lanes": (HERE, "lanes"),
        }
        sides = []
        for number, (name, (checkout, *more)) in enumerate(places.items()):
            sides.append(Side(name, checkout, database_of(server, number), *more))
        for side in sides:
            side.play(counts=False)
        for number in range(options.rounds):
            for side in sides[:: 1 if number % 2 else -1]:
                side.play()
        for side in sides:
            side.end()
    before = sides[0]
    for side in sides:
        rate, slowest = statistics.median(side.rates), p99(side.times) * 1000
        ratio = rate / statistics.median(before.rates)
        slower = p99(side.times) / p99(before.times)
        print(
            f"{side.name:16} {rate:6.1f} claims/s ({ratio:.2f})   p99 {slowest:6.2f} ms"
            f" ({slower:.2f})   of {len(side.times)} claims"
        )


def database_of(server: MariaDB, number: int) -> str:
    """Create a database in the server; return its URL."""
    name = f"side_{number}"
    server.ask(f"CREATE DATABASE {name}")
    return f"{server.url.rsplit('/', 1)[0]}/{name}"


if __name__ == "__main__":
    main()
