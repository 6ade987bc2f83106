"""Tests of the templates: names, structure, and translatable text."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template

LONGEST = 120
TEMPLATES = sorted(
    path for path in (settings.BASE_DIR / "templates").rglob("*.*") if path.is_file()
)

#: Texts that Alpine evaluates: attributes, and the template tag that makes elements for sentences.
EXPRESSION = re.compile(r'\sx-(?!ref\b|data\b)[\w:.-]+="([^"]*)"|\{% x_text "([^"]*)"')
NOT_CODE = re.compile(r"'[^']*'|\{%.*?%\}|\{\{.*?\}\}|&amp;")
LOOP = re.compile(r'x-for="\(?([\w, ]+)\)? in')
WORD = re.compile(r"[A-Za-z_]\w*")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_line_too_long_to_review(path: Path):
    lines = enumerate(path.read_text().splitlines(), 1)
    assert [number for number, line in lines if len(line) > LONGEST] == []


@pytest.fixture(scope="module")
def known() -> set[str]:
    """Return every name of the browser's code and of the wire."""
    code = [*(settings.BASE_DIR / "static" / "js").rglob("*.js")]
    types = settings.BASE_DIR / "tools" / "frontend" / "types" / "wire.d.ts"
    return {word for path in [*code, types] for word in WORD.findall(path.read_text())}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_binds_only_names_there_are(path: Path, known: set[str]):
    """TypeScript does not read templates; this finds a name that was renamed everywhere else."""
    text = path.read_text()
    loops = {word for names in LOOP.findall(text) for word in WORD.findall(names)}
    expressions = " ".join(map("".join, EXPRESSION.findall(text)))
    names = set(WORD.findall(NOT_CODE.sub(" ", expressions)))
    assert names - known - loops - {"in"} == set()


def rendered(source: str) -> str:
    return Template("{% load alpine %}" + source).render(Context())


def test_a_bound_element_is_a_variable_of_a_translated_sentence():
    tag = '{% x_text "length(left)" element="strong" css="figure" testid="left" as time %}'
    assert rendered(f"{tag}{{{{ time }}}} left") == (
        '<strong class="figure" x-text="length(left)" data-testid="left"></strong> left'
    )
