"""The rows of a price list, one price each; every cell is checked, every bad one is reported."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from django.core.exceptions import ValidationError
from django.db.models import Field
from django.utils.translation import gettext as _

from catalog.models import DAY_MINUTES, Service, ServiceCategory, ServiceClassification
from spa_project.lib.money import format_amount, read_amount

COLUMNS = ("category", "service", "description", "classification", "price", "duration_minutes")
NAME_COLUMNS = ("category", "service", "classification")

#: The cells of a line that is not blank, after the number of the line, which begins at 1.
Record: TypeAlias = tuple[int, list[str]]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,4}")
# Prefixes that make a spreadsheet compute a cell, full-width forms included (CSV injection).
_FORMULA = re.compile(r"'*[=+\-@＝＋－＠]")


@dataclass(frozen=True)
class Row:
    """One price with its category and service; `line` is where it begins in the file, from 1."""

    line: int
    category: str = ""
    service: str = ""
    description: str = ""
    classification: str = ""
    price: Decimal = Decimal(0)
    duration_minutes: int = 0
    #: The columns that could not be read; a row with any is good for checks only.
    bad: frozenset[str] = frozenset()

    @property
    def path(self) -> tuple[str, str, str]:
        """Return the names that identify this price on the menu."""
        return self.category, self.service, self.classification


@dataclass(frozen=True)
class Problem:
    """An error and its place: an empty column means the line, line 0 the whole file."""

    line: int
    column: str
    sentence: str

    def __str__(self) -> str:
        if not self.line:
            return self.sentence
        where = _("line %(line)d, column %(column)s") if self.column else _("line %(line)d")
        return f"{where % {'line': self.line, 'column': self.column}}: {self.sentence}"


class BadPriceList(Exception):
    """An error for a file that cannot be imported; `problems` lists why, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: problem.line)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Unreadable(str):
    """A cell that holds neither a text nor a number; its text is the sentence that says so."""

    __slots__ = ()


def bad_file(sentence: str, *, line: int = 0) -> BadPriceList:
    """Return the error for a file that is wrong as a whole."""
    return BadPriceList([Problem(line, "", sentence)])


def tidy(text: str) -> str:
    """Return text as the menu stores it: one line, single spaces, composed letters."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


def read_rows(records: Iterator[Record]) -> tuple[list[Row], list[Problem]]:
    """Return the rows and all their problems; raise `BadPriceList` when nothing can be read."""
    number, header = next(records, (0, []))
    names = _column_names(number, header)
    rows: list[Row] = []
    problems: list[Problem] = []
    nameless: dict[int, int] = {}
    try:
        for line, found in records:
            cells = _fitted(found, names)
            if len(cells) == len(names):
                for at in _nameless(cells, names):
                    nameless.setdefault(at, line)
                row, bad_cells = _read_row(line, dict(zip(names, cells, strict=True)))
                rows.append(row)
                problems += bad_cells
            else:
                counts = {"found": len(cells), "expected": len(names)}
                sentence = _("%(found)d cells, where the header has %(expected)d.") % counts
                problems.append(Problem(line, "", sentence))
    except BadPriceList as error:
        problems += error.problems
    for at, line in nameless.items():
        problems.append(Problem(line, str(at + 1), _("This column has values but no name.")))
    return rows, problems + _repeated(rows) + _contradicting(rows)


def cells_of(row: Row) -> list[str]:
    """Return the cells of a row's texts, which no spreadsheet takes for a formula."""
    cells = (row.category, row.service, row.description, row.classification)
    return [_disarm(tidy(cell)) for cell in cells]


def text_cells_of(row: Row) -> list[str]:
    """Return all cells of a row as text; reading them gives the same row."""
    return [*cells_of(row), format_amount(row.price), str(row.duration_minutes)]


# -- From cells to a row ----------------------------------------------------------------------


def _column_names(line: int, header: list[str]) -> list[str]:
    """Return the header's names, in any order, empty for columns without one.

    Raises `BadPriceList` unless every column of the format is there once.
    """
    if not header:
        raise bad_file(_("The file is empty."))
    if len(header) == 1 and re.search(r"[;\t|]", header[0]):
        raise bad_file(_("The columns must be separated by commas."), line=line)
    names = [tidy(name).casefold() for name in header]
    problems = [
        Problem(line, name, _("Unknown column.")) for name in names if name and name not in COLUMNS
    ]
    for name in COLUMNS:
        if name not in names:
            problems.append(Problem(line, name, _("This column is missing.")))
        elif names.count(name) > 1:
            problems.append(Problem(line, name, _("This column appears more than once.")))
    if problems:
        raise BadPriceList(problems)
    return names


def _fitted(cells: list[str], names: list[str]) -> list[str]:
    """Return the cells without empty ones beyond the header, and with those it has no name for."""
    fitted = list(cells)
    while len(fitted) > len(names) and not fitted[-1].strip():
        fitted.pop()
    while len(fitted) < len(names) and not any(names[len(fitted) :]):
        fitted.append("")
    return fitted


def _nameless(cells: list[str], names: list[str]) -> Iterator[int]:
    """Yield the places of cells with a value in a column without a name."""
    for at, (name, cell) in enumerate(zip(names, cells, strict=True)):
        if not name and cell.strip():
            yield at


def _read_row(line: int, cells: dict[str, str]) -> tuple[Row, list[Problem]]:
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for column, cell in cells.items():
        if not column:
            continue
        try:
            values[column] = _read_cell(column, cell)
        except ValidationError as error:
            problems.append(Problem(line, column, " ".join(error.messages)))
    bad = frozenset(problem.column for problem in problems)
    return Row(line=line, bad=bad, **values), problems


def _read_cell(column: str, cell: str) -> Any:
    if isinstance(cell, Unreadable):
        raise ValidationError(str(cell))
    return _READERS[column](_rearm(tidy(cell)))


def _text_reader(field: Field) -> Callable[[str], str]:
    """Return a reader that validates text with the model's own field."""

    def read_text(cell: str) -> str:
        if not field.blank:
            _require(cell)
        if _CONTROL.search(cell):
            raise ValidationError(_("It contains a character that can't be shown."))
        field.run_validators(cell)
        return cell

    return read_text


def _require(cell: str) -> None:
    if not cell:
        raise ValidationError(_("This cell is empty."))


def _read_price(cell: str) -> Decimal:
    _require(cell)
    try:
        return read_amount(cell)
    except ValueError:
        message = _("“%(cell)s” isn't a price. Enter one like 150 or 150.00.")
        raise ValidationError(message % {"cell": cell}) from None


def _read_minutes(cell: str) -> int:
    _require(cell)
    if _WHOLE_NUMBER.fullmatch(cell) and 1 <= int(cell) <= DAY_MINUTES:
        return int(cell)
    message = _("“%(cell)s” isn't a whole number of minutes from 1 to %(most)d.")
    raise ValidationError(message % {"cell": cell, "most": DAY_MINUTES})


_READERS: dict[str, Callable[[str], Any]] = {
    "category": _text_reader(ServiceCategory._meta.get_field("name")),
    "service": _text_reader(Service._meta.get_field("name")),
    "description": _text_reader(Service._meta.get_field("description")),
    "classification": _text_reader(ServiceClassification._meta.get_field("classification")),
    "price": _read_price,
    "duration_minutes": _read_minutes,
}


def _disarm(cell: str) -> str:
    """Prefix a formula with an apostrophe, so that a spreadsheet shows it (CSV injection)."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _rearm(cell: str) -> str:
    """Return the cell without the apostrophe that `_disarm` put there."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


# -- Rows against each other ------------------------------------------------------------------


def _repeated(rows: list[Row]) -> list[Problem]:
    """Return problems of prices that are in the file more than once."""
    first: dict[tuple[str, ...], int] = {}
    problems = []
    for row in rows:
        line = first.setdefault(row.path, row.line)
        if line != row.line and row.bad.isdisjoint(NAME_COLUMNS):
            sentence = _("This price is already on line %(line)d.")
            problems.append(Problem(row.line, "classification", sentence % {"line": line}))
    return problems


def _contradicting(rows: list[Row]) -> list[Problem]:
    """Return problems of services that are described in two ways."""
    first: dict[tuple[str, ...], Row] = {}
    problems = []
    for row in rows:
        if row.bad.isdisjoint(("category", "service", "description")):
            other = first.setdefault(row.path[:2], row)
            if other.description != row.description:
                sentence = _("Line %(line)d describes this treatment differently.")
                problems.append(Problem(row.line, "description", sentence % {"line": other.line}))
    return problems
