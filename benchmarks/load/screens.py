"""L3, events for 200 screens, and L4, a thousand screens whose server dies."""

import asyncio
import time
from contextlib import ExitStack

from benchmarks.crowd import Crowd
from benchmarks.listeners import Listeners
from benchmarks.load.bars import COUNT, MILLISECONDS, SECONDS, Bar, Figures, judge, percentile
from benchmarks.load.dataset import Scene
from benchmarks.peers.servers import Side
from benchmarks.report import Result, say
from benchmarks.sockets import Address, connect
from benchmarks.stage import Stage

SCREENS, A_SECOND = 200, 10
#: Customers who order at once, and at how many kiosks.
BURST, KIOSKS = 300, 16
MASS = 1_000
FEW = 10
#: Seconds after which screens that have not converged are given up.
PATIENCE = 60.0
#: Visits in the database of L4.
VISITS = 20

FAN_OUT = {
    f"{A_SECOND} events/s to the last of {SCREENS} screens, p95": Bar(200, MILLISECONDS),
    f"every screen right after a burst of {BURST}": Bar(10, SECONDS),
}
CROWD = {
    f"{MASS:,} screens connect": Bar(5, SECONDS),
    f"memory that {MASS:,} screens take": Bar(100, "{:.1f} MB"),
    f"one event to the last of {MASS:,} screens": Bar(1_000, MILLISECONDS),
    "kill -9: all connected again and right": Bar(30, SECONDS),
    "database connections, at most": Bar(40, COUNT),
}


# -- L3 -----------------------------------------------------------------------------------------


def fan_out(scene: Scene) -> list[Result]:
    """Measure L3: events to many screens of two processes, and a burst; against two screens."""
    return judge(FAN_OUT, *fanned_out(scene))


def fanned_out(scene: Scene, served_by: str = "") -> tuple[Figures, Figures]:
    """Return the figures of L3, and those of one screen at each process."""
    stage = scene.stage
    with ExitStack() as stack:
        sides = [stack.enter_context(stage.ours(served_by)) for _each in range(2)]
        seconds = scene.seconds(15, 60)
        few, many = (_last_of(stage, sides, count, seconds) for count in (2, SCREENS))
        bursts = [_right_after_a_burst(stage, sides, count) for count in (2, SCREENS)]
    figures = [
        dict(zip(FAN_OUT, (percentile(delays, 95), burst), strict=True))
        for delays, burst in zip((few, many), bursts, strict=True)
    ]
    return figures[1], figures[0]


def _last_of(stage: Stage, sides: list[Side], screens: int, seconds: float) -> list[float]:
    """Return the seconds from each event's commit to the last screen, half at each process."""
    events = round(seconds * A_SECOND)
    with ExitStack() as stack:
        ears = [
            stack.enter_context(Listeners(stage.monitor(side), screens // len(sides)))
            for side in sides
        ]
        for each in ears:
            each.expect(events)
        began = sides[0].publish(events, 1 / A_SECOND)
        moments = [each.heard().moments for each in ears]
    return [max(heard) - sent for sent, *heard in zip(began, *moments, strict=True)]


def _right_after_a_burst(stage: Stage, sides: list[Side], screens: int) -> float:
    """Return the seconds from the last answer of a burst until every screen has converged."""
    from benchmarks.floor import free_everyone

    free_everyone()
    shows = _monitors_show()
    with ExitStack() as stack:
        crowds = [
            stack.enter_context(Crowd([stage.monitor(side)], screens // len(sides), shows))
            for side in sides
        ]
        begin = time.monotonic()
        order(stage, sides, BURST)
        end = time.monotonic()
        truth = stage.truth(shows)
        right = max(crowd.right_since(truth, PATIENCE) for crowd in crowds)
    say(f"  {BURST} orders in {end - begin:.1f} s, {screens} screens right after {right - end:.2f}")
    free_everyone()
    return max(0.0, right - end)


# -- L4 -----------------------------------------------------------------------------------------


def mass(scene: Scene) -> list[Result]:
    """Measure L4: a thousand screens whose server is killed, against ten."""
    return judge(CROWD, _mass(scene.stage, MASS), _mass(scene.stage, FEW))


def _mass(stage: Stage, count: int) -> Figures:
    from benchmarks.floor import free_everyone

    free_everyone()
    shows = _monitors_show()
    with stage.ours() as doomed, stage.ours() as other:
        order(stage, [doomed, other], VISITS)
        addresses = [stage.monitor(doomed), stage.monitor(other)]
        with Crowd(addresses[:1], FEW, shows):
            before = doomed.memory()  # of a process that has had some sockets
        _forget_connections()
        with Crowd(addresses, count, shows) as crowd:
            memory = doomed.memory() - before
            event = _one_event(stage, crowd, other)
            killed = time.monotonic()
            doomed.kill()
            doomed.start()
            back = crowd.right_since(stage.truth(shows), PATIENCE) - killed
        figures = (crowd.connected_in, memory / 1e6, 1000 * event, back, _connections())
    free_everyone()
    say(f"  {count} screens: {', '.join(f'{figure:.2f}' for figure in figures)}")
    return dict(zip(CROWD, figures, strict=True))


def _one_event(stage: Stage, crowd: Crowd, side: Side) -> float:
    """Return the seconds from an order to the last screen that shows it."""
    begin = time.monotonic()
    order(stage, [side], 1)
    return crowd.right_since(stage.truth(_monitors_show()), PATIENCE) - begin


def _forget_connections() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("FLUSH STATUS")


def _connections() -> float:
    """Return the maximum of concurrent database connections since the counter's reset."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Max_used_connections'")
        return float(cursor.fetchone()[1])


# -- Both ---------------------------------------------------------------------------------------


def _monitors_show() -> frozenset[str]:
    from queueing.events import MONITOR

    return frozenset(status.value for status in MONITOR.shows)


def order(stage: Stage, sides: list[Side], customers: int) -> None:
    """Confirm so many orders, as fast as some kiosks can."""
    from catalog.models import ServiceClassification

    offer = ServiceClassification.objects.values_list("pk", flat=True)[0]
    kiosks = min(KIOSKS, customers)
    addresses = [stage.kiosk(sides[number % len(sides)]) for number in range(kiosks)]
    asyncio.run(_order(addresses, customers, offer))


async def _order(addresses: list[Address], customers: int, offer: int) -> None:
    left = iter(range(customers))

    async def work(address: Address) -> None:
        socket = await connect(address)
        for _customer in left:
            items = [{"service_classification_id": offer}]
            answer = await socket.ask("customer_confirm_selection", items=items)
            assert answer["ok"], answer
        socket.cut()

    await asyncio.gather(*(work(address) for address in addresses))
