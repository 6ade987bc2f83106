"""Benchmark of a chain on one machine: 200 branches at work, and one of them under load.

    python -m benchmarks.branches
    python -m benchmarks.branches --branches 2000 --sockets 10000

It measures whether throughput grows with processes up to the number of cores, and whether load in
one branch slows another. It prints ratios, and writes them to docs/scale.md. With `--branches` it
measures what a large chain costs at an ordinary pace instead, and what a tenth of it does.
"""

import argparse
import asyncio
import multiprocessing
import os
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from django.db.transaction import atomic

from benchmarks.engine import versions
from benchmarks.lives import Day, Desks, Floor, work_together
from benchmarks.peers.servers import Side
from benchmarks.report import SCALE, Result, at_most, say, table, write
from benchmarks.sockets import Address
from benchmarks.stage import Stage, stage

BRANCHES = 200
#: Therapists (and cashiers) of a branch; all of them work in the branch under load.
STAFF = 6
PROCESSES = (1, 2, 3)
SECONDS = 15.0
ROUNDS = 3
#: Branches that are measured while another one is under load, and the pause before their commands.
WATCHED, THINKING = 20, 3.0
#: The load leaves processor time for others: the measure is whether branches block each other.
RUSHING = 0.5
#: Concurrent commands in the whole chain: enough to keep all processes busy without a refusal.
AT_ONCE = 16


#: At its peak a branch asks 0.1 commands a second. Of the seven of a visit five follow each other.
PEAK, COMMANDS, IN_A_ROW = 0.1, 7, 5
IDLE_SECONDS, PEAK_SECONDS = 15.0, 30.0


@dataclass
class Chain:
    """Branches with their staff, who are logged in."""

    stage: Stage
    slugs: list[str]
    offers: list[int]
    cookies: dict[str, str]

    def desks(self, side: Sequence[Side], branch: int, *, staff: int, pause: float) -> Desks:
        """Return one branch's clients, spread over all processes."""
        slug = self.slugs[branch]

        def at(path: str, who: str = "", number: int = 0) -> Address:
            port = side[(branch + number) % len(side)].port
            return Address(port, path, self.cookies[who] if who else "")

        numbers = range(1, staff + 1)
        return Desks(
            customers=[at(f"/ws/customer/?branch={slug}", number=n) for n in numbers],
            therapists=[at("/ws/therapist/", f"{slug}-therapist{n}", n) for n in numbers],
            cashiers=[at("/ws/cashier/", f"{slug}-cashier{n}", n) for n in numbers],
            monitors=[at("/ws/monitor/", f"{slug}-monitor")],
            offers=self.offers,
            rooms=[str(number) for number in numbers],
            pause=pause,
            persistent=True,
        )


def open_chain(here: Stage, count: int = BRANCHES) -> Chain:
    """Create the branches and their staff without passwords, and log them in."""
    from accounts.models import Branch, Cashier, Therapist, User
    from catalog.models import ServiceClassification
    from queueing.models import Room

    names = []
    for number in range(count):
        branch = Branch.objects.create(name=f"Branch {number}", slug=f"b{number}")
        # The first branch is under load with all its staff, the others work with one each.
        staff = STAFF if number == 0 else 1
        User.objects.create(username=f"b{number}-monitor", branch=branch, is_monitor=True)
        names.append(f"b{number}-monitor")
        for n in range(1, staff + 1):
            room = Room.objects.create(branch=branch, number=str(n))
            for kind, made in (("therapist", Therapist), ("cashier", Cashier)):
                name = f"b{number}-{kind}{n}"
                user = User.objects.create(username=name, branch=branch)
                place: dict[str, Any] = (
                    {"own_room": room} if made is Therapist else {"counter_number": str(n)}
                )
                made.objects.create(user=user, display_name=name, **place)
                names.append(name)
    offers = list(ServiceClassification.objects.values_list("pk", flat=True)[:2])
    slugs = [f"b{number}" for number in range(count)]
    return Chain(here, slugs, offers, {name: here.cookie(name) for name in names})


def work(floors: Sequence[Desks], seconds: float) -> list[Day]:
    """Run all these floors at once, each in a process of its own; return the day of each."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_work, (floors, seconds))


def _work(floors: Sequence[Desks], seconds: float) -> list[Day]:
    turn = asyncio.Semaphore(AT_ONCE)
    return asyncio.run(work_together([Floor(each, turn) for each in floors], seconds))


def throughput(chain: Chain) -> list[Result]:
    """Return the visits per second of all branches together, without pauses between commands."""
    rates = {}
    for count in PROCESSES:
        with ExitStack() as stack:
            sides = [stack.enter_context(chain.stage.ours()) for _each in range(count)]
            floors = [
                chain.desks(sides, branch, staff=1, pause=0.0) for branch in range(1, BRANCHES)
            ]
            days = work(floors, SECONDS)
        rates[count] = sum(day.lives_per_second for day in days)
        refused = sum(sum(day.refusals.values()) for day in days)
        say(f"  {count} processes: {rates[count]:.1f} lives/s, {refused} commands refused")
    first = rates[PROCESSES[0]]
    return [
        Result(
            f"whole lives per second of {BRANCHES} branches, {count} processes against one",
            f"{rates[count]:.1f}/s",
            f"{first:.1f}/s",
            rates[count] / first,
            "grows until the cores end",
            count > 2 or rates[count] > first,
        )
        for count in PROCESSES[1:]
    ]


def isolation(chain: Chain) -> list[Result]:
    """Return the command times in other branches while one is under load.

    They are compared with the same load spread over as many branches as the one has therapists.
    """
    rushed, spread = [], []
    with chain.stage.ours() as one, chain.stage.ours() as two:
        sides = (one, two)
        quiet = [
            chain.desks(sides, BRANCHES - number, staff=1, pause=THINKING)
            for number in range(1, WATCHED + 1)
        ]
        rush = [chain.desks(sides, 0, staff=STAFF, pause=RUSHING)]
        even = [chain.desks(sides, n, staff=1, pause=RUSHING) for n in range(1, STAFF + 1)]
        for _round in range(ROUNDS):
            rushed += _times(work([*quiet, *rush], SECONDS)[:WATCHED])
            spread += _times(work([*quiet, *even], SECONDS)[:WATCHED])
    measure = f"a quiet branch's commands while one branch has a rush of {STAFF}, against the same"
    measure += f" work in {STAFF} branches"
    return [
        at_most(1.25, f"{measure}, {name}", take(rushed), take(spread), "{:.1f} ms")
        for name, take in (("p50", statistics.median), ("p95", _p95))
    ]


@dataclass(frozen=True)
class Cost:
    """What a chain of some size costs the processes that serve it."""

    branches: int
    sockets: int
    memory: int  # bytes
    idle: float  # processors in use by heartbeats alone
    busy: float  # processors in use at the peak
    commands: float  # a second
    times: list[float]  # of commands, in milliseconds
    refused: Mapping[str, int]  # by their codes


def ordinary(chain: Chain, count: int, sockets: int) -> Cost:
    """Return what so many branches cost without commands, and at the pace of their peak."""
    with chain.stage.ours() as one, chain.stage.ours() as two:
        sides = (one, two)
        before = sum(side.memory() for side in sides)
        floors = [
            _with_boards(
                chain.desks(sides, branch, staff=1, pause=COMMANDS / PEAK / IN_A_ROW),
                Address(sides[branch % 2].port, f"/ws/board/?branch={chain.slugs[branch]}"),
                sockets // count - 4,
            )
            for branch in range(count)
        ]
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        client = multiprocessing.get_context("spawn").Process(
            target=_at_pace, args=(floors, theirs)
        )
        client.start()
        assert ours.recv() == "open"
        memory = sum(side.memory() for side in sides) - before
        idle = _processors(sides, IDLE_SECONDS)
        ours.send("work")
        assert ours.recv() == "under way"
        busy = _processors(sides, PEAK_SECONDS)
        ours.send("report")
        times, refused = ours.recv()
        client.join()
    rate = len(times) / PEAK_SECONDS
    return Cost(count, sockets, memory, idle, busy, rate, times, refused)


def _with_boards(desks: Desks, board: Address, count: int) -> Desks:
    return replace(desks, monitors=[*desks.monitors, *[board] * count])


def _processors(sides: Sequence[Side], seconds: float) -> float:
    begin = sum(side.cpu_seconds() for side in sides)
    time.sleep(seconds)
    return (sum(side.cpu_seconds() for side in sides) - begin) / seconds


def _at_pace(desks: Sequence[Desks], end: Any) -> None:
    asyncio.run(_work_at_pace(desks, end))


async def _work_at_pace(desks: Sequence[Desks], end: Any) -> None:
    """Open all sockets; then begin the branches one after the other, as a chain's day does."""
    turn = asyncio.Semaphore(AT_ONCE)
    floors = [Floor(each, turn) for each in desks]
    await asyncio.gather(*(floor.open() for floor in floors))
    end.send("open")
    await asyncio.to_thread(end.recv)
    visit = IN_A_ROW * desks[0].pause
    for floor in floors:
        asyncio.get_running_loop().call_later(
            random.uniform(0, visit), asyncio.ensure_future, floor.shift(10 * visit)
        )
    await asyncio.sleep(visit)
    for floor in floors:
        floor.forget()
    end.send("under way")
    await asyncio.to_thread(end.recv)
    times = [1000 * t for floor in floors for t in floor.seconds_of_commands()]
    end.send((times, sum((floor.refusals for floor in floors), Counter())))
    os._exit(0)  # thousands of visits are in the middle of a pause


def costs(results: Sequence[Cost]) -> str:
    """Return a table of costs."""
    lines = [
        "| branches | sockets | memory | a branch | processors idle | at the peak | commands | p50 "
        "| p95 | refused |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {it.branches} | {it.sockets} | {it.memory / 2**20:.0f} MiB"
        f" | {it.memory / it.branches / 2**10:.0f} KiB | {it.idle:.2f} | {it.busy:.2f}"
        f" | {it.commands:.0f}/s | {statistics.median(it.times):.1f} ms | {_p95(it.times):.1f} ms"
        f" | {', '.join(f'{n} {code}' for code, n in it.refused.items()) or 0} |"
        for it in results
    ]
    return "\n".join(lines)


def _times(days: Sequence[Day]) -> list[float]:
    return [1000 * t for day in days for times in day.times.values() for t in times]


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def large_chain(count: int, sockets: int) -> int:
    """Measure a large chain and a tenth of it; return 1 when a command was refused."""
    with stage() as here:
        say(f"open {count} branches ...")
        with atomic():
            chain = open_chain(here, count)
        results = []
        for part in (10, 1):
            say(f"{count // part} branches ...")
            results.append(ordinary(chain, count // part, sockets // part))
        what_ran = versions()
    print(costs(results))
    write("large-chain", costs(results), what_ran, SCALE)
    return int(any(it.refused for it in results))


def main() -> int:
    """Measure, print and write the page; return 1 when a bar was missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--branches", type=int, help="of a large chain at an ordinary pace")
    parser.add_argument("--sockets", type=int, help="five for each branch by default")
    chosen = parser.parse_args()
    if chosen.branches:
        return large_chain(chosen.branches, chosen.sockets or 5 * chosen.branches)
    with stage() as here:
        chain = open_chain(here)
        results = []
        for measure in (throughput, isolation):
            say(f"{measure.__name__} ...")
            results += measure(chain)
        what_ran = versions()
    print(table(results))
    write("branches", table(results), what_ran, SCALE)
    return int(not all(result.met for result in results))


if __name__ == "__main__":
    sys.exit(main())
