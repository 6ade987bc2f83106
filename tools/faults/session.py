"""One fault run from begin to end, and its findings."""

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from django.core.management import CommandError, call_command
from tqdm import tqdm

from payments.models import CashMovement, DrawerClose, DrawerSession, Payment, Refund
from queueing.simulation.tickets import wrong_tickets
from tools.faults.checker import Checker, log_findings, phantoms
from tools.faults.environment import Environment
from tools.faults.generator import CASHIER_NAMES, Generator
from tools.faults.history import OK, History
from tools.faults.nemesis import Nemesis
from tools.faults.people import all_are_right, close_drawers
from tools.faults.recording_client import Frames
from tools.faults.screen import (
    BOARD_VIEW,
    CASHIER_VIEW,
    MONITOR_VIEW,
    THERAPIST_VIEW,
    Message,
    Screen,
    living,
)
from tools.servers.clients import log_in

#: Seconds after the last fault in which every screen shows the state of the database.
HEALED_WITHIN = 25.0
#: A run without enough faults in its time is extended up to this factor.
MOST_TIMES = 3
VIEWS = {
    THERAPIST_VIEW: "therapist1",
    CASHIER_VIEW: "cashier1",
    MONITOR_VIEW: "monitor1",
    BOARD_VIEW: "",
}
DRAWER_COMMANDS = {
    *("cashier_open_drawer", "cashier_close_drawer", "cashier_move_cash", "cashier_refund")
}
#: What happens at the tills beside whole payments.
TILL = {
    "split payments": Payment.objects.filter(is_split=True),
    "refunds": Refund.objects.all(),
    "cash movements": CashMovement.objects.all(),
    "drawers opened": DrawerSession.objects.all(),
    "drawers closed": DrawerClose.objects.all(),
}


class Watcher(Screen):
    """Screen that records every state it received."""

    told: set[tuple[int, int, str]]

    def _take(self, message: Message) -> None:
        row = (message.get("data") or {}).get("transaction")
        if row and message["event"] != "snapshot":
            self.__dict__.setdefault("told", set()).add((row["id"], row["version"], row["status"]))
        super()._take(message)


@dataclass
class RunReport:
    """Numbers and findings of a run."""

    faults: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)
    healed_after: float = 0.0
    longest_stall: float = 0.0
    silences: int = 0
    findings: list[str] = field(default_factory=list)


class Session:
    """Fault run of an environment for so many seconds."""

    def __init__(
        self, environment: Environment, *, seconds: float, seed: int, directory: Path
    ) -> None:
        self._environment = environment
        self._seconds = seconds
        self._chance = random.Random(seed)
        self._history = History(directory / "history.jsonl")
        self._report = RunReport()

    async def run(self) -> RunReport:
        """Generate load under faults, let the system recover, and check it."""
        frames = Frames()
        async with self._environment.network():
            generator = Generator(self._environment, self._history, frames, self._chance)
            watchers = watchers_of(self._environment)
            async with living(watchers):
                await self._inject_faults(generator, frames)
                await self._heal(watchers)
            self._report.happened = generator.day.tally.counts
            self._report.findings += generator.intrusions
            await asyncio.to_thread(self._check, generator, watchers)
        self._history.close()
        return self._report

    def close(self) -> None:
        """Release the servers after the run."""
        self._nemesis.close()

    async def _inject_faults(self, generator: Generator, frames: Frames) -> None:
        self._nemesis = Nemesis(self._environment, frames, self._history, self._chance)
        working = asyncio.create_task(generator.work())
        injecting = asyncio.create_task(self._nemesis.run())
        with tqdm(total=self._seconds, desc="faults", unit="s", disable=None) as bar:
            begun = time.monotonic()
            while not (working.done() or injecting.done() or self._is_over(since=begun)):
                await asyncio.wait({working, injecting}, timeout=1.0)
                bar.update()
        self._nemesis.end()
        await injecting
        working.cancel()
        try:
            await working
        except asyncio.CancelledError:
            pass
        except ExceptionGroup as errors:
            self._report.findings.append(f"a client could not go on: {errors.exceptions[0]!r}")
        self._report.faults = self._nemesis.done

    def _is_over(self, *, since: float) -> bool:
        """Return whether the run is over; a slow machine gets more time for its share of faults."""
        passed = time.monotonic() - since
        enough = self._nemesis.has_done_enough(self._seconds) and self._tills_have_done_enough()
        return passed >= self._seconds * (1 if enough else MOST_TIMES)

    def _tills_have_done_enough(self) -> bool:
        """Return whether each command of a drawer, and a split payment, was acknowledged."""
        done = [each for each in self._history.operations if each.phase == OK]
        is_split = any("tenders" in each.data for each in done)
        return is_split and {each.command for each in done} >= DRAWER_COMMANDS

    async def _heal(self, watchers: list[Watcher]) -> None:
        await asyncio.sleep(1)  # the last commands are done, or given up
        try:
            self._report.healed_after = await all_are_right(
                self._environment.apps[0], watchers, HEALED_WITHIN
            )
        except AssertionError as error:
            self._report.findings.append(f"a screen does not show the database: {error}")

    def _too_little(self) -> Iterator[str]:
        """Report a run in which too little happened to prove anything."""
        if not self._nemesis.has_done_enough(self._seconds):
            yield f"too few faults for {self._seconds:.0f} s"
        if not self._report.happened["paid"]:
            yield "nobody got through"
        for what in TILL:
            if not self._report.happened[what]:
                yield f"too little at the tills: no {what}"

    def _check(self, generator: Generator, watchers: list[Watcher]) -> None:
        report = self._report
        operations = self._history.operations
        report.phases = Counter(each.phase for each in operations)
        report.silences = sum(watcher.silences for watcher in watchers)
        report.longest_stall = max((each.ended - each.began for each in operations), default=0.0)
        report.happened.update({what: rows.count() for what, rows in TILL.items()})
        report.findings += self._too_little()
        report.findings += Checker(self._history).findings()
        report.findings += close_drawers(self._environment.apps[0], CASHIER_NAMES)
        report.findings += wrong_tickets(generator.day.tally)
        report.findings += ledger_findings()
        report.findings += phantoms({s for w in watchers for s in getattr(w, "told", ())})
        for app in self._environment.apps:
            report.findings += log_findings(app.log, generator.tokens.values())


def watchers_of(environment: Environment) -> list[Watcher]:
    """Return a screen of each kind for each process."""
    url = environment.apps[0]
    cookies = {view: log_in(url, name) if name else "" for view, name in VIEWS.items()}
    proxies = environment.proxies
    return [
        Watcher(view, [*proxies[at:], *proxies[:at]], cookie)  # type: ignore[list-item]
        for view, cookie in cookies.items()
        for at in range(len(proxies))
    ]


def ledger_findings() -> Iterator[str]:
    """Yield what `verify_ledger` complains about."""
    said = StringIO()
    try:
        call_command("verify_ledger", stdout=said)
    except CommandError as error:
        yield str(error)
        yield from re.findall(r"^    .*", said.getvalue(), re.MULTILINE)
