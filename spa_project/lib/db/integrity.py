"""Integrity rules: sentences that must be true of the rows of a database, and their check.

A rule is a sentence, the table it reads, and a function that picks the rows that break it from a
queryset and says what is wrong with each. Each read is one statement, so that it sees one snapshot
of the database and concurrent work is never mistaken for a fault.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Count, Max, Model, QuerySet

#: Rows read by one statement, so that none holds an old snapshot of the database for long.
CHUNK = 10_000
#: Findings of one rule that are kept in words; the rest is counted.
SHOWN = 20

Rows: TypeAlias = QuerySet[Any, Any]
#: A finding: the key of the row, or a name when it is not one row, and what is wrong with it.
Broken: TypeAlias = Iterable[tuple[Any, str]]
Check: TypeAlias = Callable[[Rows], Broken]


@dataclass(frozen=True)
class Rule:
    """One rule: `broken` finds the rows of `model` for which it is not true."""

    sentence: str
    model: type[Model]
    broken: Check


@dataclass
class Outcome:
    """The result of one rule; `findings` are the first broken rows, in words."""

    rule: Rule
    looked_at: int = 0
    broken: int = 0
    findings: list[str] = field(default_factory=list)

    def look_at(self, rows: Rows, count: int) -> None:
        """Check some more rows."""
        self.looked_at += count
        suspects = {row for row, _problem in self.rule.broken(rows)}
        # Rows are read again before they are reported, so a change in progress is no finding.
        again = self.rule.broken(rows) if suspects else ()
        for row, problem in again:
            if row in suspects:
                self._add(row, problem)

    def _add(self, row: Any, problem: str) -> None:
        self.broken += 1
        if len(self.findings) < SHOWN:
            name = row if isinstance(row, str) else f"{self.rule.model._meta.verbose_name} {row}"
            self.findings.append(f"{name}: {problem}")


class RuleSet:
    """A list of rules that are checked together; it may be made of other lists."""

    def __init__(self, *parts: "RuleSet") -> None:
        self.rules: list[Rule] = [rule for part in parts for rule in part.rules]

    def rule(self, sentence: str, *, of: type[Model]) -> Callable[[Check], Check]:
        """Register the decorated function, which finds the rows that break `sentence`."""

        def register(broken: Check) -> Check:
            self.rules.append(Rule(sentence, of, broken))
            return broken

        return register

    def count_rows(self, database: str = DEFAULT_DB_ALIAS) -> int:
        """Return how many rows a run reads, each counted once however many rules it has."""
        return sum(model._default_manager.using(database).count() for model in self._by_table())

    def run(
        self,
        progress: Callable[[int], Any] = lambda count: None,
        database: str = DEFAULT_DB_ALIAS,
    ) -> Iterator[Outcome]:
        """Check every rule, table by table; call `progress` with how many more rows are done."""
        for model, rules in self._by_table().items():
            outcomes = [Outcome(rule) for rule in rules]
            for rows, count in _chunks(model, database):
                for outcome in outcomes:
                    outcome.look_at(rows, count)
                progress(count)
            yield from outcomes

    def _by_table(self) -> dict[type[Model], list[Rule]]:
        # All rules read a chunk one after the other, while it is in the database's memory.
        tables = defaultdict(list)
        for each in self.rules:
            tables[each.model].append(each)
        return tables


def _chunks(model: type[Model], database: str) -> Iterator[tuple[Rows, int]]:
    rows = model._default_manager.using(database).order_by()
    done = 0
    while True:
        ahead = rows.filter(pk__gt=done).order_by("pk").values("pk")[:CHUNK]
        end = ahead.aggregate(last=Max("pk"), count=Count("pk"))
        if not end["count"]:
            return
        yield rows.filter(pk__gt=done, pk__lte=end["last"]), end["count"]
        done = end["last"]
