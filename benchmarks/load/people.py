"""L1, a busy spa, and L2, a closed loop of commands without a pause."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing import get_context

from benchmarks.lives import Day, Desks, work
from benchmarks.load.bars import COUNT, MILLISECONDS, RATE, Bar, Figures, judge, percentile
from benchmarks.load.dataset import Scene
from benchmarks.peers.servers import Side
from benchmarks.report import Result, say
from benchmarks.stage import Stage, embedded

# Clients of L1, 36 sockets in all, and the seconds of pause before each command.
KIOSKS, THERAPISTS, CASHIERS, MONITORS, MANAGERS = 6, 20, 4, 4, 2
CUSTOMERS_A_MINUTE = 10.0
THINKING = 2.0
#: Therapists of L2, and as many cashiers: each has always a command in progress.
CROWD = 30
ALONE_SECONDS = 6.0

BUSY_SPA = {
    "an action, p95": Bar(150, MILLISECONDS),
    "an action, p99": Bar(300, MILLISECONDS),
    f"an action to the last of {MONITORS + MANAGERS} monitors, p95": Bar(250, MILLISECONDS),
    "actions refused": Bar(0, COUNT),
}
CLOSED_LOOP = {
    "MariaDB, actions per second": Bar(180, RATE, is_least=True),
    "MariaDB, an action, p95": Bar(500, MILLISECONDS),
    "SQLite, actions per second": Bar(110, RATE, is_least=True),
    "SQLite, an action, p95": Bar(700, MILLISECONDS),
}


# -- L1 -----------------------------------------------------------------------------------------


def busy_spa(scene: Scene) -> list[Result]:
    """Measure L1: five times the load of a busy spa, against one visit after the other."""
    return judge(BUSY_SPA, *busy_day(scene))


def busy_day(scene: Scene, served_by: str = "") -> tuple[Figures, Figures]:
    """Return the figures of L1, and those of one visit after the other."""
    with ExitStack() as stack:
        sides = [stack.enter_context(scene.stage.ours(served_by)) for _each in range(2)]
        quiet = _one_by_one(scene.stage, sides)
        day = work(_busy_desks(scene.stage, sides), scene.seconds(60, 600))
    say(f"  {len(day.all_times)} actions, {len(day.pushes)} pushes, refused: {day.refusals}")
    return _figures_of(day), _figures_of(quiet)


def _figures_of(day: Day) -> Figures:
    figures = (
        percentile(day.all_times, 95),
        percentile(day.all_times, 99),
        percentile(day.pushes, 95),
        float(sum(day.refusals.values())),
    )
    return dict(zip(BUSY_SPA, figures, strict=True))


def _busy_desks(stage: Stage, sides: Sequence[Side]) -> Desks:
    desks = _desks(stage, sides, therapists=THERAPISTS, cashiers=CASHIERS)
    monitors = [stage.monitor(_at(sides, number)) for number in range(MONITORS + MANAGERS)]
    manager = stage.cookie("manager1")
    managers = [replace(monitor, cookie=manager) for monitor in monitors[MONITORS:]]
    return replace(
        desks,
        customers=desks.customers[:KIOSKS],
        monitors=monitors[:MONITORS] + managers,
        pause=THINKING,
        per_minute=CUSTOMERS_A_MINUTE,
        follow=True,
    )


# -- L2 -----------------------------------------------------------------------------------------


def closed_loop(scene: Scene) -> list[Result]:
    """Measure L2: every answer is followed by the next command, against one after the other."""
    seconds = scene.seconds(15, 60)
    many, one = _closed_loop(scene.stage, seconds, processes=2)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        embedded_many, embedded_one = pool.submit(_embedded_loop, seconds).result()
    return judge(CLOSED_LOOP, _loops(many, embedded_many), _loops(one, embedded_one))


def _embedded_loop(seconds: float) -> tuple[Day, Day]:
    with embedded(CROWD) as stage:
        return _closed_loop(stage, seconds, processes=1)


def _closed_loop(stage: Stage, seconds: float, *, processes: int) -> tuple[Day, Day]:
    with ExitStack() as stack:
        sides = [stack.enter_context(stage.ours()) for _each in range(processes)]
        one = _one_by_one(stage, sides)
        many = work(_desks(stage, sides, therapists=CROWD, cashiers=CROWD), seconds)
    say(f"  {many.commands_per_second:.0f}/s, refused: {many.refusals}")
    return many, one


def _loops(*days: Day) -> Figures:
    figures = [
        figure
        for day in days
        for figure in (day.commands_per_second, percentile(day.all_times, 95))
    ]
    return dict(zip(CLOSED_LOOP, figures, strict=True))


# -- Clients --------------------------------------------------------------------------------------


def _one_by_one(stage: Stage, sides: Sequence[Side]) -> Day:
    """Run one therapist and one cashier, with one command at a time."""
    desks = replace(
        _desks(stage, sides, therapists=1, cashiers=1),
        monitors=[stage.monitor(sides[-1])],
        one_by_one=True,
        follow=True,
    )
    work(desks, 1.0)  # warm-up
    return work(desks, ALONE_SECONDS)


def _desks(stage: Stage, sides: Sequence[Side], *, therapists: int, cashiers: int) -> Desks:
    """Return clients spread over the processes, and a customer for each therapist."""
    from catalog.models import ServiceClassification

    numbers = range(1, therapists + 1)
    return Desks(
        customers=[stage.kiosk(_at(sides, n)) for n in numbers],
        therapists=[stage.desk(_at(sides, n), "therapist", n) for n in numbers],
        cashiers=[stage.desk(_at(sides, n), "cashier", n) for n in range(1, cashiers + 1)],
        monitors=[],
        offers=list(ServiceClassification.objects.values_list("pk", flat=True)[:2]),
        rooms=[str(n) for n in numbers],
        persistent=True,
    )


def _at(sides: Sequence[Side], number: int) -> Side:
    return sides[number % len(sides)]
