"""A page's script: an ES module, and at once everything it imports.

By itself a browser hears of an import only when it has read the file that asks for it, one trip to
the server after the other; `modulepreload` tells it of all of them in the page's head.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from posixpath import dirname, join, normpath

from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

_IMPORT = re.compile(r'^(?:import|\}) [^"]*"(\.[^"]+)";$', re.MULTILINE)


@register.simple_tag
def page_module(path: str) -> SafeString:
    """The tags that load a module of the static files and all that it imports."""
    links = format_html_join(
        "", '<link rel="modulepreload" href="{}">', ((static(name),) for name in imports_of(path))
    )
    return format_html('{}<script type="module" src="{}"></script>', links, static(path))


@cache
def imports_of(path: str) -> tuple[str, ...]:
    """The modules this one imports, and those that they import, each once, nearest first."""
    found: dict[str, None] = {}
    waiting = [path]
    while waiting:
        for name in _imported_by(waiting.pop(0)):
            if name not in found:
                found[name] = None
                waiting.append(name)
    return tuple(found)


def _imported_by(path: str) -> Iterator[str]:
    file = finders.find(path)
    assert file is not None, f"there is no static file {path}"
    for address in _IMPORT.findall(Path(file).read_text()):
        yield normpath(join(dirname(path), address))
