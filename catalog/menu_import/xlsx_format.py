"""Price lists as Excel workbooks: from bytes to cells, and back.

A workbook is a ZIP archive of XML, so a small file can hold very much: what it unpacks to is
limited before it is parsed, and rows and columns are limited while they are read.
"""

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font

from catalog.menu_import.rows import COLUMNS, BadPriceList, Record, Row, Unreadable, bad_file
from catalog.menu_import.rows import cells_of as text_cells_of

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: How every ZIP archive begins.
SIGNATURE = b"PK\x03\x04"
MAX_UNPACKED_BYTES = 8 * 1024 * 1024
MAX_PARTS = 200
MAX_ROWS = 2000
MAX_COLUMNS = 50
_WIDTHS = (18, 28, 48, 22, 12, 18)


def records_of(content: bytes) -> Iterator[Record]:
    """Yield each row of the first sheet that is not blank, with its number.

    Raises `BadPriceList` for what is not a workbook or too large.
    """
    _require_small(content)
    try:
        yield from _rows_of_first_sheet(content)
    except BadPriceList:
        raise
    except Exception:  # openpyxl raises almost any error for a damaged file
        raise _no_workbook() from None


def write(rows: Iterable[Row]) -> bytes:
    """Return the rows as a workbook; reading it gives the same rows."""
    workbook = Workbook()
    sheet: Any = workbook.active
    sheet.append(COLUMNS)
    for row in rows:
        sheet.append([*text_cells_of(row), row.price, row.duration_minutes])
        sheet.cell(sheet.max_row, 5).number_format = "#,##0.00"
    for cell, width in zip(sheet[1], _WIDTHS, strict=True):
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = width
    sheet.freeze_panes = "A2"
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def _no_workbook() -> BadPriceList:
    return bad_file(_("This file isn't an Excel workbook (.xlsx)."))


def _require_small(content: bytes) -> None:
    """Raise `BadPriceList` for an archive that unpacks to more than a price list needs."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            # `zipfile` never unpacks more of a part than the size which it declares here.
            if len(parts) > MAX_PARTS or sum(each.file_size for each in parts) > MAX_UNPACKED_BYTES:
                raise bad_file(_("This workbook is too large for a price list."))
            # No spreadsheet writes a document type, which could define entities that expand.
            if any(b"<!DOCTYPE" in archive.read(part) for part in parts):
                raise _no_workbook()
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        raise _no_workbook() from None


def _rows_of_first_sheet(content: bytes) -> Iterator[Record]:
    workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    sheet = workbook.worksheets[0]
    sheet.reset_dimensions()  # they are what the file claims
    for number, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS + 1), start=1):
        texts = [_text_of(cell) for cell in cells]
        if number > MAX_ROWS:
            raise bad_file(_("A price list has at most %(most)d rows.") % {"most": MAX_ROWS})
        if texts[MAX_COLUMNS:] and texts[MAX_COLUMNS]:
            sentence = _("A price list has at most %(most)d columns.")
            raise bad_file(sentence % {"most": MAX_COLUMNS}, line=number)
        if any(text.strip() for text in texts):
            yield number, texts[:MAX_COLUMNS]


def _text_of(cell: Any) -> str:
    """Return a cell's value as a person would type it."""
    value = cell.value
    if value is None or isinstance(value, bool | str):
        if getattr(cell, "data_type", "") == "e":
            return Unreadable(_("This cell has an error: %(error)s.") % {"error": value})
        return "" if value is None else str(value)
    if isinstance(value, int | float):
        return format(value, ".12g")  # 605.0000000000001 is what a formula makes of 550 * 1.1
    return Unreadable(_("This cell is a date or a time. Format it as text."))
