"""Steps of tests in which people act at the same moment, each in a process of their own."""

from collections.abc import Callable
from typing import Any

from accounts.models import Therapist
from spa_project.lib.errors import DomainError


def of(therapist_id: int) -> Therapist:
    """Return a therapist as they are now, with their branch and own room."""
    people = Therapist.objects.select_related("user__branch", "own_room")
    return people.get(pk=therapist_id)


def said(operation: Callable[..., object], *args: Any, **kwargs: Any) -> str:
    """Return "done", or the code of the refusal."""
    try:
        operation(*args, **kwargs)
    except DomainError as refusal:
        return refusal.code
    return "done"
