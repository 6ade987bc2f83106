"""Write measurements to docs/performance.md, a section for each benchmark."""

import math
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tools.servers import PROJECT

PAGE = PROJECT / "docs" / "performance.md"
SCALE = PROJECT / "docs" / "scale.md"


@dataclass(frozen=True)
class Result:
    """Row of a table: the measure, both sides, and the bar."""

    measure: str
    ours: str
    against: str
    ratio: float
    bar: str
    met: bool


def say(text: str) -> None:
    """Print a line of progress, unbuffered."""
    print(text, file=sys.stderr, flush=True)


def at_least(bar: float, measure: str, ours: float, theirs: float, form: str) -> Result:
    """Return a row where more is better; `form` formats both figures."""
    return _compared(measure, ours, theirs, form, f"at least {bar:.2f}", ours / theirs >= bar)


def at_most(bar: float, measure: str, ours: float, theirs: float, form: str) -> Result:
    """Return a row where less is better."""
    return _compared(measure, ours, theirs, form, f"at most {bar:.2f}", ours / theirs <= bar)


def beside(measure: str, ours: float, theirs: float, form: str) -> Result:
    """Return a row without a bar."""
    return _compared(measure, ours, theirs, form, "", met=True)


def _compared(measure: str, ours: float, theirs: float, form: str, bar: str, met: bool) -> Result:
    return Result(measure, form.format(ours), form.format(theirs), ours / theirs, bar, met)


def table(results: Iterable[Result]) -> str:
    """Return the results as a Markdown table."""
    lines = ["| measure | ours | against | ratio | bar | met |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {r.measure} | {r.ours} | {r.against} | {_ratio(r)} | {r.bar} | {_met(r)} |"
        for r in results
    ]
    return "\n".join(lines)


def _ratio(result: Result) -> str:
    """Return the ratio, or an empty text without a comparison."""
    return "" if math.isnan(result.ratio) else f"{result.ratio:.2f}"


def _met(result: Result) -> str:
    """Return whether the bar was met, or an empty text without a bar."""
    if not result.bar:
        return ""
    return "yes" if result.met else "NO"


def write(section: str, results: str, versions: str, page: Path = PAGE) -> None:
    """Replace the section's figures between its two marks."""
    begin, end = f"<!-- {section} -->", f"<!-- /{section} -->"
    figures = f"{begin}\n{results}\n\n{versions}\n{end}"
    text = re.sub(f"{begin}.*?{end}", lambda _: figures, page.read_text(), flags=re.DOTALL)
    page.write_text(text)
