"""The latest changes of the setup on the admin's home."""

from typing import Any

from django import template

from spa_project.lib.web.changes import latest_changes
from spa_project.lib.web.history_page import Entry

register = template.Library()


@register.simple_tag(takes_context=True)
def changes_of_setup(context: Any, count: int) -> list[Entry]:
    """Return the latest changes that this person may see."""
    return latest_changes(context["request"], count)
