"""Turns measurements into docs/performance.md, a section for each benchmark."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from spa_project.tests.servers import PROJECT

if TYPE_CHECKING:
    from benchmarks.engine import Result

PAGE = PROJECT / "docs" / "performance.md"


def table(results: Iterable["Result"]) -> str:
    """The results as a Markdown table."""
    lines = ["| measure | ours | against | ratio | bar | met |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {r.measure} | {r.ours} | {r.against} | {r.ratio:.2f} | {r.bar} | "
        f"{'yes' if r.met else 'NO'} |"
        for r in results
    ]
    return "\n".join(lines)


def write(section: str, results: str, versions: str) -> None:
    """Replace the section's figures between its two marks."""
    begin, end = f"<!-- {section} -->", f"<!-- /{section} -->"
    page = PAGE.read_text()
    figures = f"{begin}\n{results}\n\n{versions}\n{end}"
    PAGE.write_text(re.sub(f"{begin}.*?{end}", lambda _: figures, page, flags=re.DOTALL))
