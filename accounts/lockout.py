"""Responses to a lockout after too many failed logins, which django-axes counts."""

from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_cool_off
from django.db.models import Max
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import ngettext

from spa_project.lib.client_address import client_address
from spa_project.lib.errors import RateLimited
from spa_project.lib.web.error_views import problem


def address(request: HttpRequest) -> str | None:
    """Return the client's network address, None for a Unix socket."""
    return client_address(request) or None


def answer(
    request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None
) -> HttpResponse:
    """Refuse in the same words for everybody, known user or not, right password or not."""
    # The middleware's async path passes no credentials; the request has them on both paths.
    seconds = _seconds_left(request, credentials or getattr(request, "axes_credentials", None))
    minutes = -(-seconds // 60)
    sentence = ngettext(
        "Too many incorrect passwords. Try again in %(minutes)d minute.",
        "Too many incorrect passwords. Try again in %(minutes)d minutes.",
        minutes,
    ) % {"minutes": minutes}
    return problem(request.path, RateLimited(sentence, retry_after=seconds))


def _seconds_left(request: HttpRequest, credentials: dict[str, Any] | None) -> int:
    """Return the seconds until the lock-out ends, at least one."""
    [attempts] = AxesProxyHandler.get_implementation().get_user_attempts(request, credentials)
    last = attempts.aggregate(at=Max("attempt_time"))["at"]
    left = (last + get_cool_off(request) - timezone.now()).total_seconds() if last else 0
    return max(1, int(left) + 1)


@receiver(pre_save, sender="axes.AccessAttempt")
def drop_form(sender: Any, instance: Any, **_: Any) -> None:
    """Remove the submitted form from a failed attempt: any field may hold a password."""
    instance.get_data = instance.post_data = ""
