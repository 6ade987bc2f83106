"""Figures of one fault: what a person saw, and what the database has."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tools.faults.findings import Doubled, Lost
from tools.faults.history import OK, Operation

HEADER = (
    "| fault | acknowledged lost | doubled | longest stall of a person | nobody acknowledged for"
    " | screens right after | acknowledged |\n|---|---|---|---|---|---|---|"
)


@dataclass
class Row:
    """Line of the table: a fault, and what followed."""

    fault: str
    acknowledged: int
    stall: float
    silence: float
    screens: float
    findings: Sequence[str]

    def __str__(self) -> str:
        screens = f"{self.screens:.1f} s" if self.screens != float("inf") else "NEVER"
        return (
            f"| {self.fault} | {self._count(Lost)} | {self._count(Doubled)} | {self.stall:.1f} s"
            f" | {self.silence:.1f} s | {screens} | {self.acknowledged:,} |"
        )

    def _count(self, kind: type[str]) -> int:
        return sum(isinstance(finding, kind) for finding in self.findings)


def longest_stall(operations: Iterable[Operation], since: float) -> float:
    """Return the longest time after `since` from a person's first try of a command to its answer.

    An order or a payment is tried until it is answered, with the same `request_id`; each of the
    other commands counts by itself, because its next try is the person's own decision, and so does
    a request that is sent again after its answer. A command that was never answered counts until
    its last try.
    """
    requests: dict[str, list[Operation]] = defaultdict(list)
    longest = 0.0
    for operation in operations:
        longest = max(longest, operation.ended - max(operation.began, since))
        if request := operation.data.get("request_id"):
            requests[request].append(operation)
    for tries in requests.values():
        tries.sort(key=lambda operation: operation.began)
        answered = next((each for each in tries if each.phase == OK), tries[-1])
        longest = max(longest, answered.ended - max(tries[0].began, since))
    return longest


def longest_silence(operations: Iterable[Operation], since: float, until: float) -> float:
    """Return the longest time between `since` and `until` in which nothing was acknowledged."""
    moments = sorted(
        each.ended for each in operations if each.phase == OK and since < each.ended < until
    )
    edges = [since, *moments, until]
    return max(late - early for early, late in pairwise(edges))
