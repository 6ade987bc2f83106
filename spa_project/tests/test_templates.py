"""Templates are as readable as code, and their elements as translatable as text."""

from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template

LONGEST = 120
TEMPLATES = sorted(
    path for path in (settings.BASE_DIR / "templates").rglob("*.*") if path.is_file()
)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_line_too_long_to_review(path: Path):
    lines = enumerate(path.read_text().splitlines(), 1)
    assert [number for number, line in lines if len(line) > LONGEST] == []


def rendered(source: str) -> str:
    return Template("{% load alpine %}" + source).render(Context())


def test_a_bound_element_is_a_variable_of_a_translated_sentence():
    tag = '{% x_text "length(left)" element="strong" css="figure" testid="left" as time %}'
    assert rendered(f"{tag}{{{{ time }}}} left") == (
        '<strong class="figure" x-text="length(left)" data-testid="left"></strong> left'
    )
