"""The tag that returns where the person of a page may work."""

from typing import Any

from django import template

from accounts.branches import branches_of
from accounts.models import STAFF, Branch, User

register = template.Library()

#: The attribute of a request with what was found: the header and the home page both ask.
_FOUND = "_workplaces"
#: A menu with more would be no menu; an owner of a larger chain has its page.
MOST = 20


@register.simple_tag(takes_context=True)
def workplaces(context: dict[str, Any]) -> list[Branch]:
    """Return the branches that the person can choose from, none when there is only one."""
    request = context.get("request")
    person = getattr(request, "user", None)
    if not isinstance(person, User) or not person.roles & set(STAFF):
        return []
    if not hasattr(request, _FOUND):
        setattr(request, _FOUND, list(branches_of(person)[:MOST]))
    places: list[Branch] = getattr(request, _FOUND)
    return places if len(places) > 1 else []
