"""Tells a person's open sockets to look again when their login, role or switch has changed."""

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import Cashier, Therapist, User
from spa_project.lib.realtime.publish import tell

EVENT = "person_changed"


def person_topic(user_id: int) -> str:
    """Where a person's sockets hear that something about the person has changed."""
    return f"person.{user_id}"


def publish_person_changed(user_id: int) -> None:
    """Have this person's sockets looked at, in all processes."""
    tell(person_topic(user_id), EVENT)


@receiver([post_save, post_delete], sender=User)
def user_changed(sender: Any, instance: User, update_fields: Any = None, **_: Any) -> None:
    """A password, a role, a switch. Logging in only stamps `last_login`, which is no change."""
    if update_fields != frozenset({"last_login"}):
        publish_person_changed(instance.pk)


@receiver([post_save, post_delete], sender=Therapist)
@receiver([post_save, post_delete], sender=Cashier)
def profile_changed(sender: Any, instance: Therapist | Cashier, **_: Any) -> None:
    """A profile made, changed, switched off or removed."""
    publish_person_changed(instance.user_id)


@receiver(user_logged_out)
def logged_out(sender: Any, request: HttpRequest, user: User | None, **_: Any) -> None:
    """Whoever logs out on one page is logged out on every page of that session."""
    # Django tells of a logout before it ends the session; the sockets must find it ended.
    request.session.flush()
    if user is not None:
        publish_person_changed(user.pk)
