"""Throughput of visits over sockets, time of a command, and convergence of cut screens."""

import statistics
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import replace

from benchmarks.cuts import Cutting
from benchmarks.lives import Day, work
from benchmarks.report import Result, at_least, at_most, beside, say
from benchmarks.stage import MONITORS, STAFF, Stage

#: Many short turns: a virtual machine has slow and fast minutes, and all sides have to meet them.
ROUNDS = 12
SECONDS = 2.0
CUT_SCREENS, CUT_SECONDS, CUT_EVERY = 60, 160.0, 15.0
#: Seconds before each command of the three clients meanwhile: about two events a second.
THINKING = 1.0
SIDES = ("ours", "original", "original, lean")
MADE_LEAN = "without its reading after a commit and its writing of tokens"


def lives(stage: Stage) -> list[Result]:
    """Return the visits per second of a full floor, every side one process without Redis."""
    days = _days(stage, staff=STAFF, monitors=MONITORS)
    ours, theirs, lean = (
        statistics.median(day.lives_per_second for day in days[side]) for side in SIDES
    )
    people = f"{STAFF} therapists, {STAFF} cashiers, {MONITORS} monitors"
    measure = f"whole lives per second over sockets, {people}, against the original stack"
    return [
        at_least(3.0, measure, ours, theirs, "{:.1f}/s"),
        beside(f"the same, {MADE_LEAN}", ours, lean, "{:.1f}/s"),
    ]


def command_alone(stage: Stage) -> list[Result]:
    """Return the time of a command while no other is in progress."""
    days = _days(stage, staff=1, monitors=0)
    ours, theirs, lean = (_median_time(days[side]) for side in SIDES)
    measure = "p50 of a command alone, against the original stack"
    return [
        at_most(1 / 3, measure, ours, theirs, "{:.1f} ms"),
        beside(f"the same, {MADE_LEAN}", ours, lean, "{:.1f} ms"),
    ]


def _days(stage: Stage, *, staff: int, monitors: int) -> dict[str, list[Day]]:
    """Return a few days of each side, alternating."""
    days: dict[str, list[Day]] = defaultdict(list)
    alone = staff == 1
    with ExitStack() as stack:
        servers = (
            stack.enter_context(stage.ours(redis=False)),
            stack.enter_context(stage.flask(redis=False)),
            stack.enter_context(stage.flask(redis=False, lean=True)),
        )
        desks = [
            replace(people(server, staff=staff, monitors=monitors), one_by_one=alone)
            for people, server in zip(
                (stage.our_desks, stage.their_desks, stage.their_desks), servers, strict=True
            )
        ]
        for side in desks:
            work(side, 1.0)  # warm-up
        for _round in range(ROUNDS):
            for name, server, side in zip(SIDES, servers, desks, strict=True):
                before = server.cpu_seconds()
                days[name].append(day := work(side, SECONDS))
                cpu = 1000 * (server.cpu_seconds() - before) / len(day.times["cashier_pay"])
                rate = f"{day.lives_per_second:.1f} lives/s, {cpu:.1f} ms of processor each"
                say(f"  {name}: {rate}, {_times(day)}")
    return days


def _median_time(days: list[Day]) -> float:
    """Return the median of all commands' milliseconds."""
    return 1000 * statistics.median(t for day in days for ts in day.times.values() for t in ts)


def _times(day: Day) -> str:
    medians = {name: 1000 * statistics.median(times) for name, times in day.times.items()}
    return ", ".join(f"{name} {median:.1f}" for name, median in medians.items())


def cuts(stage: Stage) -> list[Result]:
    """Return the screens that converge to the database's state although they are cut repeatedly."""
    from queueing.events import MONITOR

    shows = frozenset(status.value for status in MONITOR.shows)
    with stage.ours() as here, stage.ours() as there:
        address = stage.monitor(there)
        cutting = Cutting(
            address, count=CUT_SCREENS, seconds=CUT_SECONDS, every=CUT_EVERY, shows=shows
        )
        desks = stage.our_desks(here, staff=1, monitors=0)
        day = work(replace(desks, pause=THINKING), CUT_SECONDS - 5)
        states = cutting.result(timeout=120)
        truth = stage.truth(shows)
    say(f"  {sum(map(len, day.times.values()))} commands; the truth is {len(truth)} rows and rooms")
    right = sum(state == truth for state in states)
    share = right / len(states)
    what = f"every {CUT_EVERY:.0f} s for 2 s, {CUT_SECONDS:.0f} s long"
    return [
        Result(
            f"sockets that end at the database's state, each cut {what}",
            f"{right} of {len(states)}",
            "",
            share,
            "1.00",
            share == 1.0,
        )
    ]
