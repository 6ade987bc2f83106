"""Extract and compile the message catalogues: `make messages`.

GNU gettext is not needed, neither here nor where the spa runs: the compiled files are kept in the
repository, and a test compares them with the sources.
"""

import io
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import django
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.utils import dates
from django.utils.translation.template import templatize

BASE = Path(__file__).resolve().parent.parent
LOCALE = BASE / "locale"
#: English is the language of the source.
LANGUAGES = ("es", "fil")
APPS = ("accounts", "catalog", "queueing", "payments", "spa_project")
FUNCTIONS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)  # constant: the same messages make the same files


#: The words of the server, and those that the administration's scripts add to its pages.
PAGES, SCRIPTS = "django", "djangojs"
DOMAINS = (PAGES, SCRIPTS)

DJANGO = Path(django.__file__).parent
#: The scripts of the administration; its libraries have no words.
SCRIPTS_OF_DJANGO = "contrib/admin/static/admin/js"
#: What of Django's own words the pages of this project show: the administration, forms, and what
#: they refuse. The rest is shown nowhere: resetting a password by mail, names of types.
SHOWN_OF_DJANGO = (
    *("contrib/admin/*.py", "contrib/admin/views/*.py", "contrib/admin/templatetags/*.py"),
    *("contrib/admin/templates/admin/*.html", "contrib/admin/templates/admin/*/*.html"),
    *("contrib/admin/templates/admin/auth/user/*.html",),
    "contrib/admin/templates/registration/password_change*.html",
    "contrib/admin/templates/registration/logged_out.html",
    *("contrib/auth/base_user.py", "contrib/auth/models.py", "contrib/auth/forms.py"),
    *("contrib/auth/admin.py", "contrib/auth/validators.py", "contrib/auth/hashers.py"),
    *("contrib/auth/password_validation.py", "core/validators.py", "db/models/base.py"),
    *("forms/fields.py", "forms/models.py", "forms/formsets.py", "forms/widgets.py"),
)


def sources(language: str = "", domain: str = PAGES) -> Iterator[tuple[str, str]]:
    """Yield the name of every file with messages, and its Python text, or a script's own.

    Django's own are among them, but in English: it has none in Filipino, and its Spanish is formal.
    """
    if domain == SCRIPTS:
        if language:
            yield from _scripts_of_django()
        return
    # Django has no Filipino names of days and months, and other Spanish ones than the browser.
    yield "django/utils/dates.py", Path(dates.__file__).read_text()
    if language:
        yield from _pages_of_django()
    for path in sorted((BASE / "templates").rglob("*.html")):
        yield _name(path), _python_of(path)
    for app in APPS:
        for path in sorted((BASE / app).rglob("*.py")):
            if "tests" not in path.parts and "migrations" not in path.parts:
                yield _name(path), path.read_text()


def _scripts_of_django() -> Iterator[tuple[str, str]]:
    for path in sorted((DJANGO / SCRIPTS_OF_DJANGO).rglob("*.js")):
        if "vendor" not in path.parts:
            yield f"django/{path.relative_to(DJANGO)}", path.read_text()


def _pages_of_django() -> Iterator[tuple[str, str]]:
    for pattern in SHOWN_OF_DJANGO:
        for path in sorted(DJANGO.glob(pattern)):
            yield f"django/{path.relative_to(DJANGO)}", _python_of(path)


def _python_of(path: Path) -> str:
    if path.suffix != ".html":
        # Babel would take the keys of `gettext(row["name"])` for a sentence.
        return re.sub(r"gettext\(\s*(?=\w+\[)", "(", path.read_text())
    # The text around the messages is not Python, and its indentation would fail the parser.
    lines = templatize(path.read_text(), origin=str(path)).splitlines()
    return "\n".join(line.strip() for line in lines)


def _name(path: Path) -> str:
    return str(path.relative_to(BASE))


def gather(language: str = "", domain: str = PAGES) -> Catalog:
    """Return all messages of the source that a language has to translate."""
    found = Catalog(project="spa-floor", charset="utf-8", creation_date=MADE_AT)
    written_in = "javascript" if domain == SCRIPTS else "python"
    for name, text in sources(language, domain):
        file = io.BytesIO(text.encode())
        for line, sentence, comments, context in extract(written_in, file, keywords=FUNCTIONS):
            found.add(sentence, None, [(name, line)], auto_comments=comments, context=context)
    return found


def po_file(language: str, folder: Path = LOCALE, domain: str = PAGES) -> Path:
    """Return the path of a language's catalogue."""
    return folder / language / "LC_MESSAGES" / f"{domain}.po"


def read_catalogue(language: str, domain: str = PAGES) -> Catalog:
    """Return a language's catalogue; an empty one for a new language."""
    path = po_file(language, domain=domain)
    if not path.exists():
        return _empty(language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def _empty(language: str) -> Catalog:
    return Catalog(
        locale=language,
        project="spa-floor",
        version="1",
        header_comment=f"# The words of the screens in one language: {language} (`make messages`).",
        creation_date=MADE_AT,
        revision_date=MADE_AT,
        last_translator="",
        language_team="",
        msgid_bugs_address="",
        fuzzy=False,
    )


def read_compiled(language: str, domain: str = PAGES) -> Catalog:
    """Return a language's compiled catalogue, as the server reads it."""
    with po_file(language, domain=domain).with_suffix(".mo").open("rb") as file:
        catalogue = read_mo(file)
    for each in catalogue:
        if isinstance(each.context, bytes):  # Babel decodes everything else
            each.context = each.context.decode()
    return catalogue


def sentences(catalogue: Catalog) -> dict[tuple[str | None, str], Message]:
    """Return the messages by context and English text, without the header."""
    return {
        (each.context, each.id[0] if isinstance(each.id, list | tuple) else each.id): each
        for each in catalogue
        if each.id
    }


def gaps(sentence: str) -> list[str]:
    """Return the placeholders of a message: `%(name)s`, `{minutes}`, `%d`, and HTML tags."""
    return sorted(re.findall(r"%\(\w+\)\w|%[ds]|\{\w*\}|</?\w+>", sentence))


def write(catalogue: Catalog, path: Path) -> None:
    """Write a catalogue and its compiled form."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        # Without line numbers, which would change with every edit of a source.
        write_po(file, catalogue, width=100, include_lineno=False, ignore_obsolete=True)
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)


def update() -> None:
    """Update every catalogue to the messages of the source, without fuzzy matching."""
    for language, domain in product(LANGUAGES, DOMAINS):
        found = gather(language, domain)
        catalogue = read_catalogue(language, domain)
        catalogue.update(found, no_fuzzy_matching=True, update_header_comment=False)
        catalogue.revision_date = catalogue.creation_date = MADE_AT
        write(catalogue, po_file(language, domain=domain))
        missing = [
            message for message in sentences(catalogue).values() if not is_translated(message)
        ]
        print(f"{language} {domain}: {len(found)} sentences, {len(missing)} to translate")
        for each in missing:
            print(f"  {each.id}")


def is_translated(message: Message) -> bool:
    """Return whether a message has a translation, in all of its plural forms."""
    strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
    return bool(strings) and all(strings)


#: Letters of the pseudo-locale: each Latin letter has an Arabic one, so that the text is bidi.
ARABIC = str.maketrans(
    "abcdefghijklmnopqrstuvwxyz" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ابجدهفغحيجكلمنوبقرستوضطخيز" * 2,
)


def write_pseudo(folder: Path) -> None:
    """Write a pseudo-locale for layout tests: every message right to left, a third longer."""
    catalogue = _empty("ar")
    for message in sentences(gather()).values():
        if isinstance(message.id, str):
            catalogue.add(message.id, _in_arabic(message.id), context=message.context)
        else:
            plurals = (_in_arabic(message.id[-1]),) * catalogue.num_plurals
            catalogue.add(message.id, plurals, context=message.context)
    write(catalogue, po_file("ar", folder))


def _in_arabic(sentence: str) -> str:
    parts = re.split(r"(%\(\w+\)\w|%[ds]|\{\w*\}|<[^>]+>)", sentence)
    told = [
        part.translate(ARABIC) if number % 2 == 0 else part for number, part in enumerate(parts)
    ]
    return "".join(told) + " ـ" * (len(sentence) // 6)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "spa_project.settings")
    django.setup()
    update()
