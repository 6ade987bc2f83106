"""Tests of the menu's order, which follows the file whatever it was before."""

import io
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from catalog.menu_import import csv_format, xlsx_format
from catalog.menu_import.diff import Entry, put_siblings_in_order
from catalog.menu_import.rows import Row, tidy
from catalog.menu_import.sources import read
from catalog.models import ServiceCategory


def entries_of(categories: list[ServiceCategory]) -> list[Entry]:
    row = Row(line=2)
    return [
        Entry((category.name,), row, category, category.pk is None, {}) for category in categories
    ]


@st.composite
def menus_and_files(draw):
    """Return a menu with any order numbers, and a file that lists parts of it, in any order."""
    orders = draw(st.lists(st.integers(0, 12), max_size=6))
    menu = [ServiceCategory(pk=pk, order=order) for pk, order in enumerate(orders, start=1)]
    listed = [row for row in menu if draw(st.booleans())]
    new = [ServiceCategory() for _each in range(draw(st.integers(0, 3)))]
    return menu, draw(st.permutations(listed + new))


def put_in_order(menu: list[ServiceCategory], file: list[ServiceCategory]) -> bool:
    """Import the file's order; return whether anything moved."""
    highest = max((row.order for row in menu), default=0)
    entries = entries_of(file)
    put_siblings_in_order(entries, highest)
    for entry in entries:
        entry.apply()
    for pk, row in enumerate((row for row in file if row.pk is None), start=len(menu) + 1):
        row.pk = pk
    return any(entry.old for entry in entries)


@given(menus_and_files())
def test_the_order_is_the_files_and_a_second_import_moves_nobody(case):
    menu, file = case
    put_in_order(menu, file)
    assert sorted(file, key=lambda row: (row.order, row.pk)) == file
    assert not put_in_order(menu, file)


@given(menus_and_files())
def test_what_stands_right_is_not_moved(case):
    menu, _file = case
    file = sorted(menu, key=lambda row: (row.order, row.pk))[::2]
    assert not put_in_order(menu, file)


texts = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=12).map(tidy)
names = texts.filter(bool)
starts = st.sampled_from(("", "'", "''", "=", "+", "-", "@", "'=", "＝"))
armed = st.builds(lambda start, name: tidy(start + name), starts, names)


@given(armed, armed, armed, st.builds(lambda start, text: tidy(start + text), starts, texts))
def test_any_text_survives_the_way_through_a_file(category, service, classification, description):
    row = Row(
        line=2,
        category=category,
        service=service,
        description=description,
        classification=classification,
        price=Decimal("12345678.90"),
        duration_minutes=1440,
    )
    text = csv_format.write([row])
    assert read(io.StringIO(text, newline="")) == ([row], [])
    assert read(xlsx_format.write([row])) == ([row], [])
