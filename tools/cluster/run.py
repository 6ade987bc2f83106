"""One run from begin to end: people work while one fault after the other happens."""

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import MySQLdb
from django.db import connections

from queueing.simulation.tickets import wrong_tickets
from tools.cluster.environment import Cluster
from tools.cluster.faults import Fault, faults_of
from tools.cluster.report import Row, longest_silence, longest_stall
from tools.faults.checker import Checker, log_findings, phantoms
from tools.faults.findings import Finding
from tools.faults.generator import Generator
from tools.faults.history import OK, History
from tools.faults.people import all_are_right
from tools.faults.recording_client import Frames
from tools.faults.screen import living
from tools.faults.session import Watcher, ledger_findings, watchers_of

#: Seconds of work before a fault, and least after it.
BEFORE, AFTER = 2.0, 4.0
#: Seconds in which commands are acknowledged again, and in which every screen is right.
RESUMED_WITHIN, HEALED_WITHIN = 60.0, 40.0
#: Commands after which people work as before.
ENOUGH = 20
#: Real seconds of a simulated minute, and customers at a time: few, because stalls are measured,
#: and all machines share the processors of this one.
MINUTE, CROWD = 0.02, 9
#: How many transactions the cluster has committed.
COMMITTED = "SHOW GLOBAL STATUS LIKE 'wsrep_last_committed'"
#: Tables whose rows every database must have alike at the end.
COMPARED = ("queueing_transaction", "queueing_transactionevent", "payments_payment")


class ClusterRun:
    """Run of a cluster for about so many seconds, with the faults whose names match `only`."""

    def __init__(
        self, cluster: Cluster, *, seconds: float, seed: int, directory: Path, only: str
    ) -> None:
        self._cluster = cluster
        self._chance = random.Random(seed)
        self._history = History(directory / "history.jsonl")
        self._faults = [each for each in faults_of(cluster) if re.search(only, each.name)]
        self._after = max(AFTER, seconds / max(1, len(self._faults)) - BEFORE - AFTER)
        self._known: set[Finding] = set()
        #: What is wrong, beside the findings of single faults.
        self.findings: list[Finding] = []

    async def rows(self) -> AsyncIterator[Row]:
        """Yield the figures of one fault after the other."""
        async with self._cluster.network():
            self._generator = Generator(self._cluster, self._history, Frames(), self._chance)
            self._generator.day.minute, self._generator.crowd = MINUTE, CROWD
            watchers = watchers_of(self._cluster)
            async with living(watchers):
                for fault in self._faults:
                    yield await self._suffer(fault, watchers)
        await asyncio.to_thread(self._check, watchers)
        self._history.close()

    async def _suffer(self, fault: Fault, watchers: list[Watcher]) -> Row:
        """Work, suffer the fault, work on; then pause, and compare screens and database."""
        working = asyncio.create_task(self._generator.work())
        await asyncio.sleep(BEFORE)
        began = time.time()
        self._history.note(fault.name)
        try:
            await fault.inject()
        except (OSError, RuntimeError, MySQLdb.Error) as error:
            self.findings.append(f"{fault.name}: {error}")
        await asyncio.sleep(self._after)
        await self._resume(since=time.time())
        ended = time.time()
        await self._pause(working)
        screens = await self._screens(fault, watchers)
        found = await asyncio.to_thread(self._new_findings)
        self.findings += found
        suffered = [each for each in self._history.operations if each.ended > began]
        return Row(
            fault.name,
            sum(each.phase == OK for each in suffered),
            longest_stall(self._history.operations, began),
            longest_silence(suffered, began, ended),
            screens,
            found,
        )

    async def _resume(self, since: float) -> None:
        """Wait until some commands that were sent after `since` have been acknowledged."""
        deadline = time.time() + RESUMED_WITHIN
        while self._acknowledged(since) < ENOUGH:
            if time.time() > deadline:
                self.findings.append("hardly anything was acknowledged any more")
                return
            await asyncio.sleep(0.1)

    def _acknowledged(self, since: float) -> int:
        latest = self._history.operations[-500:]
        return sum(each.phase == OK and each.began > since for each in latest)

    async def _pause(self, working: asyncio.Task[None]) -> None:
        working.cancel()
        try:
            await working
        except asyncio.CancelledError:
            pass
        except ExceptionGroup as errors:
            self.findings.append(f"a client could not go on: {errors.exceptions[0]!r}")
        await self._settle()

    async def _settle(self) -> None:
        """Wait until nothing more is committed: the last commands are done, or given up."""
        node = self._cluster.nodes[self._cluster.writers()[0]]
        before, after = -1, 0
        while before != after:
            before = after
            await asyncio.sleep(1)
            [(_name, value)] = await asyncio.to_thread(node.ask, COMMITTED)
            after = int(value)

    async def _screens(self, fault: Fault, watchers: list[Watcher]) -> float:
        try:
            app = next(each for each in self._cluster.apps if each.running)
            return await all_are_right(app, watchers, HEALED_WITHIN)
        except (AssertionError, OSError) as error:
            self.findings.append(f"{fault.name}: a screen does not show the database: {error}")
            return float("inf")

    def _new_findings(self) -> list[Finding]:
        # Our own connection may lead to a writer that is gone.
        connections.close_all()
        found = [each for each in Checker(self._history).findings() if each not in self._known]
        self._known.update(found)
        return found

    def _check(self, watchers: list[Watcher]) -> None:
        connections.close_all()
        tokens = self._generator.tokens.values()
        self.findings += self._generator.intrusions
        self.findings += wrong_tickets(self._generator.day.tally)
        self.findings += ledger_findings()
        self.findings += phantoms({s for w in watchers for s in getattr(w, "told", ())})
        for app in self._cluster.apps:
            self.findings += log_findings(app.log, tokens)
        self.findings += self._different_databases()

    def _different_databases(self) -> Iterator[Finding]:
        """Yield the tables that are not alike in all databases."""
        for table in COMPARED:
            sums = {
                name: node.ask(f"CHECKSUM TABLE spa.{table}")[0][1]
                for name, node in self._cluster.nodes.items()
            }
            if len(set(sums.values())) > 1:
                yield f"{table} differs: {sums}"
