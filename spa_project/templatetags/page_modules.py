"""Template tags that load a page's ES module and preload everything it imports.

By itself a browser learns of an import only after it has read the importing file, one round trip
after the other; `modulepreload` names all of them in the page's head.
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
    """Return the tags that load a module of the static files and all that it imports."""
    links = format_html_join(
        "", '<link rel="modulepreload" href="{}">', ((static(name),) for name in imports_of(path))
    )
    return format_html('{}<script type="module" src="{}"></script>', links, static(path))


@cache
def imports_of(path: str) -> tuple[str, ...]:
    """Return the direct and indirect imports of a module, each once, nearest first."""
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
