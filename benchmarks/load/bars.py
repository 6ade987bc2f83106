"""Bars of a load test, and whether a figure meets them."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchmarks.report import Result

#: Result of a load: each measure and its figure.
Figures = dict[str, float]

MILLISECONDS, SECONDS, RATE, COUNT = "{:,.0f} ms", "{:.1f} s", "{:,.0f}/s", "{:,.0f}"


class Bar(NamedTuple):
    """Bar of a measure: at most `limit`, or at least; `form` formats figures."""

    limit: float
    form: str
    is_least: bool = False

    def judge(self, measure: str, figure: float, against: float | None) -> Result:
        """Return the row of one measure; `against` is the figure to compare it with."""
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
    """Return a row for each bar; `of` is written before each measure."""
    return [bar.judge(of + what, found[what], against.get(what)) for what, bar in bars.items()]


def percentile(times: Sequence[float], percent: int) -> float:
    """Return this percentile of the times, in milliseconds."""
    return 1000 * statistics.quantiles(times, n=100, method="inclusive")[percent - 1]
