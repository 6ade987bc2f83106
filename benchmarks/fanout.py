"""Fan-out of events: throughput, latency to the last socket, a locked row; and memory."""

import statistics
from contextlib import ExitStack

from benchmarks.engine import p99
from benchmarks.listeners import Listeners
from benchmarks.locks import waiting_for_a_lock
from benchmarks.peers.servers import OnDaphne, OnUvicorn, Side
from benchmarks.report import Result, at_least, at_most, beside, say
from benchmarks.stage import Stage

SOCKETS = 500
ROUNDS = 5
#: Events without a pause, for the throughput of each side.
BURST = 60
#: Seconds between events that follow each other as soon as they can.
NEXT = 1e-6
PACED, PAUSE = 60, 0.1  # events at the rate of a busy floor, and seconds between them
LOCKED_SECONDS = 1.0
IDLE_BEFORE, IDLE = 100, 400


# -- Fan-out ------------------------------------------------------------------------------------


def fan_out(stage: Stage) -> list[Result]:
    """Return messages per second to many sockets, on Daphne."""
    ours, stock, flask = _rates(stage, stage.ours(), stage.stock(), stage.flask(redis=True))
    measure = f"messages/s to {SOCKETS} sockets, Daphne, against"
    return [
        at_least(4.0, f"{measure} stock Channels", ours, stock, "{:,.0f}/s"),
        at_least(1.3, f"{measure} Flask-SocketIO", ours, flask, "{:,.0f}/s"),
    ]


def fan_out_one_by_one(stage: Stage) -> list[Result]:
    """Return messages per second when each event is committed after the one before has left."""
    ours, stock = _rates(stage, stage.ours(), stage.stock(), pause=NEXT)
    measure = "the same, one event after another, against stock Channels"
    return [beside(measure, ours, stock, "{:,.0f}/s")]


def fan_out_on_uvicorn(stage: Stage) -> list[Result]:
    """Return messages per second on uvicorn, against the loop over sockets."""
    ours, bare = _rates(stage, stage.ours("uvicorn"), stage.bare(OnUvicorn, redis=False))
    measure = f"messages/s to {SOCKETS} sockets, uvicorn, against a bare ASGI loop"
    return [at_least(0.8, measure, ours, bare, "{:,.0f}/s")]


def _rates(stage: Stage, *sides: Side, pause: float = 0.0) -> list[float]:
    """Return the median messages per second of each side."""
    rates: dict[Side, list[float]] = {side: [] for side in sides}
    with ExitStack() as stack:
        ears = {}
        for side in sides:
            stack.enter_context(side)
            ears[side] = stack.enter_context(Listeners(stage.monitor(side), SOCKETS))
            _rate(side, ears[side], pause)  # warm-up
        for number in range(ROUNDS):
            # No side is always the first.
            for side in sides if number % 2 else reversed(sides):
                rates[side].append(_rate(side, ears[side], pause))
    return [statistics.median(rates[side]) for side in sides]


def _rate(side: Side, ears: Listeners, pause: float) -> float:
    ears.expect(BURST)
    [began, *_rest] = side.publish(BURST, pause)
    moments, messages = ears.heard()
    rate = messages / (max(moments) - began)
    say(f"  {side.title}: {messages:,} of {BURST * ears.count:,} heard, {rate:,.0f}/s")
    return rate


# -- The last of many sockets -------------------------------------------------------------------


def last_socket(stage: Stage) -> list[Result]:
    """Return the latency from a commit to the last of many sockets of another process."""
    # Two processes each: one publishes, the other has the sockets.
    ours = [stage.ours(), stage.ours()]
    bare = [stage.bare(OnDaphne, redis=True), stage.bare(OnDaphne, redis=True)]
    with ExitStack() as stack:
        pairs = [[stack.enter_context(side) for side in pair] for pair in (ours, bare)]
        ears = [
            stack.enter_context(Listeners(stage.monitor(there), SOCKETS)) for _here, there in pairs
        ]
        delays: list[list[float]] = [[], []]
        for _round in range(ROUNDS):
            for (here, _there), heard, found in zip(pairs, ears, delays, strict=True):
                found += _paced(here, heard)
                say(f"  {here.title}: {_summary(found)}")
    measure = f"commit to the last of {SOCKETS} sockets, p99, against bare ASGI and a Redis hop"
    return [at_most(2.0, measure, p99(delays[0]) * 1000, p99(delays[1]) * 1000, "{:.1f} ms")]


def _summary(delays: list[float]) -> str:
    return f"p50 {statistics.median(delays) * 1000:.1f} ms, p99 {p99(delays) * 1000:.1f} ms so far"


def _paced(side: Side, ears: Listeners) -> list[float]:
    """Return the seconds from each event to its receipt by the last socket."""
    ears.expect(PACED)
    began = side.publish(PACED, PAUSE)
    moments, _messages = ears.heard()
    return [heard - sent for sent, heard in zip(began, moments, strict=True)]


def row_lock(stage: Stage) -> list[Result]:
    """Return the latency of events while a command waits for a locked row, and without one."""
    with ExitStack() as stack:
        ours = stack.enter_context(stage.ours())
        ears = stack.enter_context(Listeners(stage.monitor(ours), SOCKETS // 5))
        locked: list[float] = []
        free: list[float] = []
        for _round in range(ROUNDS):
            free += _paced(ours, ears)
            with waiting_for_a_lock(stage, ours, LOCKED_SECONDS):
                locked += _paced(ours, ears)
            say(f"  free: {_summary(free)}; locked: {_summary(locked)}")
    measure = f"p99 of events while a row lock is held {LOCKED_SECONDS:.0f} s, against without"
    return [at_most(1.2, measure, p99(locked) * 1000, p99(free) * 1000, "{:.1f} ms")]


# -- Memory -------------------------------------------------------------------------------------


def memory(stage: Stage) -> list[Result]:
    """Return the memory of an idle socket."""
    sizes: dict[str, list[float]] = {"ours": [], "stock": []}
    for _round in range(ROUNDS - 2):
        sizes["ours"].append(_idle(stage, stage.ours()))
        sizes["stock"].append(_idle(stage, stage.stock()))
    measure = "memory of an idle socket, Daphne, against stock Channels"
    ours, stock = (statistics.median(sizes[side]) / 1024 for side in ("ours", "stock"))
    return [at_most(0.8, measure, ours, stock, "{:.1f} KiB")]


def _idle(stage: Stage, side: Side) -> float:
    """Return the bytes of a socket, in a process that has had some before."""
    with side, Listeners(stage.monitor(side), IDLE_BEFORE):
        before = side.memory()
        with Listeners(stage.monitor(side), IDLE):
            size = (side.memory() - before) / IDLE
    say(f"  {side.title}: {size / 1024:.1f} KiB")
    return size
