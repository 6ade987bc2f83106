"""Tests of the translations, and of style sheets for both directions of writing."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from babel.dates import get_day_names, get_month_names
from django.conf import settings
from django.utils import dates
from django.utils.translation import override

from tools.messages import (
    DOMAINS,
    LANGUAGES,
    gaps,
    gather,
    is_translated,
    read_catalogue,
    read_compiled,
    sentences,
    write_pseudo,
)

SIDES = re.compile(
    r"(?<![-\w])(left|right)(?![-\w])|(margin|padding|border)-(left|right|top|bottom)"
)
#: Physical sides of the hardware: a phone's notch does not depend on the language.
HARDWARE = re.compile(r"safe-area-inset-\w+")


def test_the_catalogues_are_those_of_the_settings():
    assert {code for code, _ in settings.LANGUAGES} == {"en", *LANGUAGES}


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(language, domain):
    known = sentences(read_catalogue(language, domain))
    missing = [each for each in sentences(gather(language, domain)) if each not in known]
    assert missing == [], "run `make messages`"
    assert [key for key, message in known.items() if not is_translated(message)] == []


def forms(text: Any) -> list[str]:
    """Return a message, or each of its plural forms."""
    return [text] if isinstance(text, str) else list(text)


def gaps_of(text: Any) -> set[tuple[str, ...]]:
    """Return the placeholders of a message, or of each of its plural forms."""
    return {tuple(gaps(form)) for form in forms(text)}


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_keeps_the_gaps_of_its_sentence(language, domain):
    for message in read_catalogue(language, domain):
        if message.id and is_translated(message):
            assert "fuzzy" not in message.flags
            assert gaps_of(message.string) <= gaps_of(message.id)


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_outlives_its_sentence(language, domain):
    catalogue = read_catalogue(language, domain)
    found = sentences(gather(language, domain))
    assert set(sentences(catalogue)) == set(found), "run `make messages`"
    assert list(catalogue.obsolete) == []


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_words_are_the_written_ones(language, domain):
    written = sentences(read_catalogue(language, domain))
    compiled = sentences(read_compiled(language, domain))
    assert compiled.keys() <= written.keys(), "run `make messages`"
    for key, message in written.items():
        if is_translated(message):
            assert forms(compiled[key].string) == forms(message.string), "run `make messages`"


#: Forms by which Spanish addresses somebody formally; ours is informal everywhere.
FORMAL = re.compile(
    r"\b(usted|introduzca|ingrese|asegúrese|seleccione|elija|escriba|por favor,? \w+e)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("domain", DOMAINS)
def test_spanish_addresses_people_informally(domain):
    found = [
        form
        for message in read_catalogue("es", domain)
        for form in forms(message.string)
        if FORMAL.search(form)
    ]
    assert found == []


@pytest.mark.parametrize(("language", "words"), [("es", "Hoy"), ("fil", "Ngayong araw")])
def test_the_scripts_of_the_administration_speak_every_language(admin_client, language, words):
    with override(language):
        script = admin_client.get("/admin/jsi18n/", headers={"accept-language": language})
    assert words in script.content.decode()


def test_the_pseudo_language_keeps_every_gap(tmp_path):
    write_pseudo(tmp_path)
    text = (tmp_path / "ar" / "LC_MESSAGES" / "django.po").read_text()
    assert "%(name)s" in text
    assert "{minutes}" in text


@pytest.mark.parametrize(
    "path", sorted((settings.BASE_DIR / "static" / "css").rglob("*.css")), ids=lambda p: p.name
)
def test_style_knows_no_left_and_right(path: Path):
    """Logical properties only: the same style sheet serves both directions of writing."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    assert SIDES.findall(HARDWARE.sub("", text)) == []


def test_words_need_no_tools_where_the_spa_runs():
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    assert not any("babel" in name.lower() for name in project["dependencies"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_days_and_months_have_the_names_that_browsers_use(language):
    """The tables are rendered by the server, and the charts beside them by the browser."""
    with override(language):
        shown = [
            [str(names[number]) for number in sorted(names)]
            for names in (dates.WEEKDAYS, dates.WEEKDAYS_ABBR, dates.MONTHS, dates.MONTHS_3)
        ]
    usual = [
        [names[number] for number in sorted(names)]
        for names in (
            get_day_names("wide", locale=language),
            get_day_names("abbreviated", locale=language),
            get_month_names("wide", locale=language),
            get_month_names("abbreviated", locale=language),
        )
    ]
    assert shown == usual
