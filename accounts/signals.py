"""Signal receivers that trigger revocation: a person's open sockets check their access again."""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import Cashier, Therapist, User
from accounts.sessions import SessionStore
from spa_project.lib.known_clients import remember_person
from spa_project.lib.realtime.publish import publish_now

EVENT = "person_changed"


def person_topic(user_id: int) -> str:
    """Return the topic on which changes of a person are published to their sockets."""
    return f"person.{user_id}"


def publish_person_changed(user_id: int) -> None:
    """Have this person's sockets check their access again, in all processes."""
    publish_now(person_topic(user_id), EVENT)


@receiver([post_save, post_delete], sender=User)
def user_changed(sender: Any, instance: User, update_fields: Any = None, **_: Any) -> None:
    """Announce a new password, role or switch, but not the `last_login` of a new login."""
    if update_fields != frozenset({"last_login"}):
        publish_person_changed(instance.pk)


@receiver([post_save, post_delete], sender=Therapist)
@receiver([post_save, post_delete], sender=Cashier)
def profile_changed(sender: Any, instance: Therapist | Cashier, **_: Any) -> None:
    """Announce a profile that was made, changed, switched off or removed."""
    publish_person_changed(instance.user_id)


@receiver(user_logged_in)
def logged_in(sender: Any, request: HttpRequest, user: User, **_: Any) -> None:
    """Count the session's absolute end from this password; a login by token changes no session.

    From now on the browser is counted by its person, also before the next login. A program that
    logs in for a token gets no cookie.
    """
    session = getattr(request, "session", None)
    if isinstance(session, SessionStore) and SESSION_KEY in session:
        session.begin_login()
        remember_person(request, user.pk)


@receiver(user_logged_out)
def logged_out(sender: Any, request: HttpRequest, user: User | None, **_: Any) -> None:
    """Close every socket of a session when one of its pages logs out."""
    # Django sends the signal before it ends the session, but the sockets must find it ended.
    request.session.flush()
    if user is not None:
        publish_person_changed(user.pk)
