"""Measure each optimization: our own floor with all of them, and without one after the other.

    make bench-parts            or  ... python -m benchmarks.parts --only lives --seconds 6

For each optimization (benchmarks/optimizations.py) there is a server process without it, and two
with all: the second shows how far two equal processes lie apart. They run side by side and are
measured in turns. Prints a table, and writes it to docs/performance.md when nothing was left out.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection
from operator import attrgetter
from typing import NamedTuple, Self

from benchmarks.engine import versions
from benchmarks.listeners import Listeners
from benchmarks.lives import Day, Desks, Floor
from benchmarks.optimizations import EVERYTHING, PARTS
from benchmarks.peers.servers import Side
from benchmarks.report import say, write
from benchmarks.stage import Stage, stage

SECONDS = 0.7
SOCKETS = 250
#: A socket's queue holds 256 messages.
BURST = 60
#: What an optimization has to gain by one of the measures.
LEAST_GAIN = 0.05
WHOLE, AGAIN = "whole", "again"
VARIANTS = {WHOLE: "", AGAIN: "", **{name: name for name in PARTS}, EVERYTHING: EVERYTHING}


class Turn(NamedTuple):
    """A server's figures of one turn: rate by the clock, amount done, processor time."""

    rate: float
    done: int
    processor: float

    @property
    def thrift(self) -> float:
        """Return the work per second of processor time, least affected by other load."""
        return self.done / self.processor


Measure = Callable[[Side], Turn]
#: The turns of each variant, one for each round.
Turns = dict[str, list[Turn]]


class Gain(NamedTuple):
    """Return how much more is done with an optimization than without it."""

    median: float
    lower: float
    upper: float

    def __str__(self) -> str:
        """Return the gain, and the quartiles of the rounds."""
        return f"{self.median:+.0%} ({self.lower:+.0%} to {self.upper:+.0%})"


def gain(whole: Sequence[Turn], without: Sequence[Turn], read: Callable[[Turn], float]) -> Gain:
    """Return the median of the rounds' own ratios, and their quartiles.

    Within a round all meet the same machine; over the rounds it becomes slower and faster.
    """
    pairs = zip(map(read, whole), map(read, without), strict=True)
    ratios = [one / other - 1 for one, other in pairs]
    lower, median, upper = statistics.quantiles(ratios, n=4, method="inclusive")
    return Gain(median, lower, upper)


# -- Measures -----------------------------------------------------------------------------------


class Crew:
    """People at every server, in a process of their own; they work where they are told to."""

    def __init__(self, desks: Mapping[int, Desks]) -> None:
        """By the servers' ports."""
        self._pipe, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=_serve, args=(theirs, desks), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        self._pipe.recv()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.join()

    def work(self, side: Side, seconds: float = 0.0) -> Turn:
        """Work for some seconds, or through one life."""
        before, begin = side.cpu_seconds(), time.monotonic()
        self._pipe.send((side.port, seconds))
        day: Day = self._pipe.recv()
        # Those too that were completed after the time, so that no turn has none.
        lives = len(day.times["cashier_pay"])
        return Turn(lives / (time.monotonic() - begin), lives, side.cpu_seconds() - before)


def _serve(pipe: Connection, desks: Mapping[int, Desks]) -> None:
    with suppress(EOFError, KeyboardInterrupt):
        asyncio.run(_work(pipe, desks))


async def _work(pipe: Connection, desks: Mapping[int, Desks]) -> None:
    floors = {port: Floor(people) for port, people in desks.items()}
    for floor in floors.values():
        await floor.open()
    pipe.send("ready")
    while True:
        port, seconds = await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
        floor = floors[port]
        pipe.send(await (floor.shift(seconds) if seconds else floor.one_life()))


def lives(stage: Stage, seconds: float, sides: Sequence[Side], stack: ExitStack) -> Measure:
    """Whole lives of a full floor."""
    crew = stack.enter_context(Crew({side.port: stage.our_desks(side) for side in sides}))
    return lambda side: crew.work(side, seconds)


def command(stage: Stage, seconds: float, sides: Sequence[Side], stack: ExitStack) -> Measure:
    """Run the commands of one visit, one after the other, without other load."""
    desks = {side.port: stage.our_desks(side, staff=1, monitors=0) for side in sides}
    return stack.enter_context(Crew(desks)).work


def fan_out(stage: Stage, seconds: float, sides: Sequence[Side], stack: ExitStack) -> Measure:
    """Send a burst of messages to many sockets."""
    ears = {side: stack.enter_context(Listeners(stage.monitor(side), SOCKETS)) for side in sides}

    def measure(side: Side) -> Turn:
        ears[side].expect(BURST)
        before = side.cpu_seconds()
        [began, *_rest] = side.publish(BURST)
        moments, messages = ears[side].heard()
        if messages < BURST * SOCKETS:
            raise RuntimeError(f"{messages:,} of {BURST * SOCKETS:,} messages were heard")
        return Turn(messages / (max(moments) - began), messages, side.cpu_seconds() - before)

    return measure


MEASURES = {"lives": lives, "command": command, "fan-out": fan_out}
#: Short turns and many rounds: whatever else the machine does then meets all alike.
ROUNDS = {"lives": 30, "command": 250, "fan-out": 40}


def in_turns(sides: Mapping[str, Side], measure: Measure, rounds: int) -> Turns:
    """Measure every side once in each round; none is always the first."""
    turns: Turns = {name: [] for name in sides}
    order = list(sides)
    for side in sides.values():
        measure(side)  # warm it up
    for number in range(rounds):
        at = 5 * number % len(order)
        for name in order[at:] + order[:at]:
            turns[name].append(measure(sides[name]))
    return turns


# -- The table ----------------------------------------------------------------------------------

#: How a measure is read: by the clock, and by the server's processor time.
READINGS: dict[str, Callable[[Turn], float]] = {
    "clock": attrgetter("rate"),
    "processor": attrgetter("thrift"),
}
#: What an optimization is judged by. Commands by the clock, which has the waiting for the database
#: in it; the others are the processor's work.
JUDGED = {"lives": "processor", "command": "clock", "fan-out": "processor"}


def table(measured: Mapping[str, Turns]) -> str:
    """Return what each optimization gains, by each measure."""
    titles = [f"{measure}, {reading}" for measure in measured for reading in READINGS]
    lines = [
        f"| optimization | without it | {' | '.join(titles)} | pays |",
        "|---" * (len(titles) + 3) + "|",
        *(
            _line(part.title, part.instead, measured, name, _verdict(measured, name))
            for name, part in PARTS.items()
        ),
        _line("all of them", "none of them", measured, EVERYTHING),
        _line("nothing: two equal processes", "", measured, AGAIN),
    ]
    whole = [
        statistics.median(map(read, turns[WHOLE]))
        for turns in measured.values()
        for read in READINGS.values()
    ]
    figures = " | ".join(f"{figure:,.0f}/s" for figure in whole)
    return "\n".join([*lines, f"| with all of them | | {figures} | |"])


def _line(
    title: str, instead: str, measured: Mapping[str, Turns], name: str, verdict: str = ""
) -> str:
    gains = [
        str(gain(turns[WHOLE], turns[name], read))
        for turns in measured.values()
        for read in READINGS.values()
    ]
    return f"| {title} | {instead} | {' | '.join(gains)} | {verdict} |"


def _verdict(measured: Mapping[str, Turns], name: str) -> str:
    """Nothing where not everything was measured."""
    if measured.keys() < JUDGED.keys():
        return ""
    gains = [
        gain(measured[measure][WHOLE], measured[measure][name], READINGS[reading]).median
        for measure, reading in JUDGED.items()
    ]
    return "yes" if max(gains) >= LEAST_GAIN else "NO"


def main() -> int:
    """Measure, print, write the page when nothing was left out; 1 when something does not pay."""
    options = _options()
    measured: dict[str, Turns] = {}
    with stage() as here, ExitStack() as stack:
        sides = {name: stack.enter_context(here.without(VARIANTS[name])) for name in VARIANTS}
        for name in options.only:
            say(f"{name} ...")
            begin = time.monotonic()
            with ExitStack() as during:
                measure = MEASURES[name](here, options.seconds, list(sides.values()), during)
                measured[name] = in_turns(sides, measure, ROUNDS[name])
            say(f"{table({name: measured[name]})}\n  {time.monotonic() - begin:.0f} s")
        what_ran = versions()
    print(table(measured))
    if options.only == list(MEASURES):
        write("parts", table(measured), what_ran)
    return int("| NO |" in table(measured))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.parts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", type=_names, default=list(MEASURES), metavar="lives,command")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of a turn of whole lives")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in MEASURES]:
        raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
