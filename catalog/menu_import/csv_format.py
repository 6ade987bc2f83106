"""Price lists as CSV: from lines to cells, and back."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from django.utils.translation import gettext as _
from tqdm import tqdm

from catalog.menu_import.rows import COLUMNS, Record, Row, bad_file, text_cells_of

#: Spreadsheets write it before every file, and again when they save a file that has one.
BYTE_ORDER_MARK = "\ufeff"
#: The first line with which a file names its separator to Excel.
_SEPARATOR = re.compile(r'"?sep=(?P<separator>[,;\t|])"?\s*', re.IGNORECASE)


def lines_of(content: bytes) -> list[str]:
    """Return the lines with their ends; raise `BadPriceList` unless it is UTF-8 text."""
    try:
        return io.StringIO(content.decode(), newline="").readlines()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        sentence = _("This file isn't UTF-8 text. Save the sheet as “CSV UTF-8”.")
        raise bad_file(sentence, line=line) from None


def records_of(lines: Iterable[str]) -> Iterator[Record]:
    """Yield each record that is not blank, with the number of the line on which it begins."""
    # The progress bar is off without a terminal; short files are done before it would show.
    progress = tqdm(lines, desc="Reading", unit=" lines", disable=None, delay=1, leave=False)
    rest = iter(progress)
    first = next(rest, "").lstrip(BYTE_ORDER_MARK)
    hint = _SEPARATOR.fullmatch(first)
    separator, above = (hint["separator"], 1) if hint else (",", 0)
    reader = csv.reader(rest if hint else chain([first], rest), delimiter=separator, strict=True)
    begins = above + 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = above + reader.line_num + 1
    except csv.Error:
        sentence = _("A quotation mark isn't closed here, so nothing below it was read.")
        raise bad_file(sentence, line=begins) from None


def write(rows: Iterable[Row]) -> str:
    """Return the rows as CSV text; reading it gives the same rows."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(map(text_cells_of, rows))
    return text.getvalue()
