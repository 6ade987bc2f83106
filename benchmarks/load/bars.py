"""What is asked of a load, and whether it was met."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchmarks.engine import Result

#: What a load came to: each measure and its figure.
Figures = dict[str, float]

MILLISECONDS, SECONDS, RATE, COUNT = "{:,.0f} ms", "{:.1f} s", "{:,.0f}/s", "{:,.0f}"


class Bar(NamedTuple):
    """At most `limit`, or at least; `form` writes figures."""

    limit: float
    form: str
    is_least: bool = False

    def judge(self, measure: str, figure: float, against: float | None) -> Result:
        """The line of one measure; `against` is what there was to compare it with."""
        met = figure >= self.limit if self.is_least else figure <= self.limit
        return Result(
            measure,
            self.form.format(figure),
            "" if against is None else self.form.format(against),
            figure / against if against else math.nan,
            f"at {'least' if self.is_least else 'most'} {self.form.format(self.limit)}",
            met,
        )


def judge(
    bars: Mapping[str, Bar], found: Figures, against: Figures, *, of: str = ""
) -> list[Result]:
    """A line for each bar; `of` is written before each measure."""
    return [bar.judge(of + what, found[what], against.get(what)) for what, bar in bars.items()]


def percentile(times: Sequence[float], percent: int) -> float:
    """The time that so many percent stayed under, in milliseconds."""
    return 1000 * statistics.quantiles(times, n=100, method="inclusive")[percent - 1]
