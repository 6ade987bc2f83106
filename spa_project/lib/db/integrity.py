"""Integrity rules: check what must be true of the rows of a database, however many there are.

A rule is a sentence, the table it looks at, and a function that picks the rows that break it from
a queryset and says what is wrong with each. It reads with one statement, so that it sees one
moment of the database and work that goes on meanwhile is never mistaken for a fault.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from django.db.models import Count, Max, Model, QuerySet

#: Rows read by one statement, so that none holds an old view of the database for long.
CHUNK = 10_000
#: Rows of one rule that are kept to be shown; the rest is counted.
SHOWN = 20

Rows: TypeAlias = QuerySet[Any, Any]
#: What breaks a rule: the row's key, or a name when it is no one row, and what is wrong with it.
Broken: TypeAlias = Iterable[tuple[Any, str]]
Check: TypeAlias = Callable[[Rows], Broken]


@dataclass(frozen=True)
class Rule:
    """One thing that must be true: `broken` finds the rows of `model` for which it is not."""

    sentence: str
    model: type[Model]
    broken: Check


@dataclass
class Outcome:
    """What the check of one rule found; `findings` are the first broken rows, in words."""

    rule: Rule
    looked_at: int = 0
    broken: int = 0
    findings: list[str] = field(default_factory=list)

    def look_at(self, rows: Rows, count: int) -> None:
        """Check some more rows."""
        self.looked_at += count
        suspects = {row for row, _problem in self.rule.broken(rows)}
        # Read again before it is said: what was only passing is not a finding.
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
        """Register the function below as what finds the rows of a table that break `sentence`."""

        def register(broken: Check) -> Check:
            self.rules.append(Rule(sentence, of, broken))
            return broken

        return register

    def count_rows(self) -> int:
        """How many rows a run looks at, each counted once however many rules it has."""
        return sum(model._default_manager.count() for model in self._by_table())

    def run(self, progress: Callable[[int], Any] = lambda count: None) -> Iterator[Outcome]:
        """Check every rule, table by table; `progress` hears how many more rows are done."""
        for model, rules in self._by_table().items():
            outcomes = [Outcome(rule) for rule in rules]
            for rows, count in _chunks(model):
                for outcome in outcomes:
                    outcome.look_at(rows, count)
                progress(count)
            yield from outcomes

    def _by_table(self) -> dict[type[Model], list[Rule]]:
        # All rules read a chunk in a row, while it is in the database's memory.
        tables = defaultdict(list)
        for each in self.rules:
            tables[each.model].append(each)
        return tables


def _chunks(model: type[Model]) -> Iterator[tuple[Rows, int]]:
    rows = model._default_manager.order_by()
    done = 0
    while True:
        ahead = rows.filter(pk__gt=done).order_by("pk").values("pk")[:CHUNK]
        end = ahead.aggregate(last=Max("pk"), count=Count("pk"))
        if not end["count"]:
            return
        yield rows.filter(pk__gt=done, pk__lte=end["last"]), end["count"]
        done = end["last"]
