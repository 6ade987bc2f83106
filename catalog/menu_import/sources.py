"""Where a price list comes from: a path, lines of CSV, or the content of an uploaded file."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

from django.utils.translation import gettext as _

from catalog.menu_import import csv_format, xlsx_format
from catalog.menu_import.rows import Problem, Record, Row, bad_file, read_rows

#: A path to a file, its content, or its lines.
Source: TypeAlias = str | Path | bytes | Iterable[str]

#: How workbooks of Excel before 2007 begin.
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"


def read(source: Source) -> tuple[list[Row], list[Problem]]:
    """Return the rows and all their problems; raise `BadPriceList` when nothing can be read."""
    return read_rows(_records_of(source))


def _records_of(source: Source) -> Iterator[Record]:
    if isinstance(source, str | Path):
        source = _content_of(Path(source))
    if not isinstance(source, bytes):
        return csv_format.records_of(source)
    if source.startswith(_OLD_WORKBOOK):
        raise bad_file(_("This is an old Excel file. Save it as .xlsx or as “CSV UTF-8”."))
    if source.startswith(xlsx_format.SIGNATURE):
        return xlsx_format.records_of(source)
    return csv_format.records_of(csv_format.lines_of(source))


def _content_of(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise bad_file(_("File not found: “%(path)s”.") % {"path": path})
        return path.read_bytes()
    except OSError as error:
        reason = {"path": path, "reason": error.strerror}
        raise bad_file(_("“%(path)s” can't be read: %(reason)s.") % reason) from None
