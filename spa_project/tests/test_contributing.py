"""Check that docs/contributing.md names files that exist and contain what they are named for."""

import re

import pytest
from django.conf import settings

PAGE = (settings.BASE_DIR / "docs" / "contributing.md").read_text()
ROWS = re.findall(r"^\| ([^|`]+) \| `([^`]+)` \| ", PAGE, re.MULTILINE)


def test_the_map_has_at_least_forty_rows():
    assert len(ROWS) >= 40


@pytest.mark.parametrize(("term", "file"), ROWS)
def test_the_file_contains_the_term(term, file):
    assert term.lower() in (settings.BASE_DIR / file).read_text().lower()
