"""The template tag `{% site_name %}`: the name at the head of a page that has no branch."""

from typing import Any

from django import template
from django.db import Error
from django.http import HttpRequest
from django.utils.translation import gettext

from accounts.branches import branch_of_page
from accounts.models import Branch, User

register = template.Library()


@register.simple_tag(takes_context=True)
def site_name(context: dict[str, Any]) -> str:
    """Return the name of the visitor's or the person's branch, “Spa” where none is known."""
    try:
        branch = _branch_of(context.get("request"))
    except Error:  # an error page is shown without a database, too
        branch = None
    return branch.name if branch else gettext("Spa")


def _branch_of(request: HttpRequest | None) -> Branch | None:
    if request is None:
        return None
    user = getattr(request, "user", None)
    if isinstance(user, User) and user.branch:
        return user.branch
    return branch_of_page(request)
