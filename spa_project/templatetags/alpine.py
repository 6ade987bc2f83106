"""Template tags for elements whose text Alpine writes, inside translated sentences."""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def x_text(
    expression: str, element: str = "span", css: str | None = None, testid: str | None = None
) -> SafeString:
    """Return an element bound to an expression: `{% x_text "length(left)" as time %}`.

    A sentence that is translated as a whole takes it as a variable (`{{ time }} left`), so that
    each language puts it where its grammar wants it.
    """
    attributes = (("class", css), ("x-text", expression), ("data-testid", testid))
    bound = format_html_join("", ' {}="{}"', ((name, value) for name, value in attributes if value))
    return format_html("<{}{}></{}>", element, bound, element)
