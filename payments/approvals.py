"""Approvals: a manager allows one command with exactly this content, by name and PIN.

An approval is a secret that the command is sent again with. It is valid once, for two minutes, for
the person at whose till it was entered; who approved what for whom stays recorded.
"""

import secrets
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables

from accounts.models import Branch, Role, User
from accounts.screen_lock import WrongPin
from accounts.tokens import digest_of
from payments.errors import ApprovalNeeded
from payments.models import Approval, PinTries
from queueing.access import branch_of
from spa_project.lib.db.counters import increment
from spa_project.lib.errors import RateLimited, Sentence
from spa_project.lib.fingerprint import fingerprint
from spa_project.lib.money import format_amount

LIFE = timedelta(minutes=2)
#: Fields of a command that are not what is approved.
_NOT_CONTENT = frozenset({"approval", "request_id"})


@sensitive_variables("pin")
def approve(
    asked_by: User, *, username: str, pin: str, command: str, content: Mapping[str, Any]
) -> str:
    """Return the secret of a new approval by the manager with this name and PIN.

    `content` is the command's validated data. Raises `WrongPin`, also for a name that is none, and
    `RateLimited` after as many wrong PINs as lock a login.
    """
    branch = branch_of(asked_by)
    digest = _count_try(asked_by, username)
    manager = _manager(branch, username)
    # Without a manager a PIN is hashed, too, so that the time does not tell whether one exists.
    stored = manager.pin if manager else make_password(None)
    if not check_password(pin, stored) or manager is None:
        raise WrongPin
    PinTries.objects.filter(digest=digest).delete()
    secret = secrets.token_urlsafe(32)
    Approval.objects.create(
        by=manager,
        asked_by=asked_by,
        branch=branch,
        command=command,
        content_digest=_digest(command, content),
        digest=digest_of(secret),
    )
    return secret


def require(
    asked_by: User,
    *,
    command: str,
    content: Mapping[str, Any],
    approval: str | None,
    since: datetime | None = None,
    sentence: Sentence | None = None,
) -> User:
    """Use up the approval of this command and content, and return the manager who gave it.

    To be called inside the operation's database transaction, so that an approval is used only if
    the operation succeeds. One from before `since` does not count: what it was given for has
    changed. Raises `ApprovalNeeded`, with `sentence` when none was sent.
    """
    if not approval:
        raise ApprovalNeeded(sentence)
    now = timezone.now()
    found = Approval.objects.filter(
        digest=digest_of(approval),
        content_digest=_digest(command, content),
        asked_by=asked_by,
        used_at=None,
        at__gt=max(now - LIFE, since or now - LIFE),
    )
    given = found.select_related("by").first()
    # The update that finds it unused uses it: the database lets only one do so.
    if given is None or found.update(used_at=now) != 1:
        raise ApprovalNeeded(_("That approval is used, too old or for something else. Ask again."))
    return given.by


def _manager(branch: Branch, username: str) -> User | None:
    """Return the branch's manager of exactly this name who has a PIN; an owner is in all."""
    found = User.objects.with_roles().filter(username=username).first()
    # MariaDB compares names without regard to case and accents.
    if found is None or found.username != username or not found.pin:
        return None
    is_here = found.is_superuser or found.branch_id == branch.pk
    return found if is_here and Role.MANAGER in found.roles else None


def _count_try(asked_by: User, username: str) -> str:
    """Count a try before it is checked, so that simultaneous tries are no more than allowed.

    Returns the digest of the counter. Raises `RateLimited`.
    """
    seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())
    period, passed = divmod(int(time.time()), seconds)
    digest = fingerprint([asked_by.pk, username, period])
    if increment(PinTries, digest=digest) > settings.AXES_FAILURE_LIMIT:
        left = seconds - passed
        minutes = -(-left // 60)
        sentence = ngettext(
            "Too many incorrect PINs. Try again in %(minutes)d minute.",
            "Too many incorrect PINs. Try again in %(minutes)d minutes.",
            minutes,
        ) % {"minutes": minutes}
        raise RateLimited(sentence, retry_after=left)
    return digest


def _digest(command: str, content: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in content.items() if name not in _NOT_CONTENT}
    return fingerprint([command, _plain(kept)])


def _plain(value: Any) -> Any:
    """Return a value as JSON that is equal for equal content."""
    if isinstance(value, Decimal):
        return format_amount(value)
    if isinstance(value, Mapping):
        return [[str(name), _plain(value[name])] for name in sorted(value)]
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value
