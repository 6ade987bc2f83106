"""Models of logins: tokens, tickets of sockets, locks, paired devices; steps of the first day."""

import secrets

from django.contrib.sessions.models import Session
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.branches import Branch
from accounts.models.people import User


class ClosedStep(models.Model):
    """A step of the first day's checklist that an owner has skipped or marked as done."""

    name = models.CharField(max_length=20, primary_key=True)
    skipped = models.BooleanField()

    def __str__(self) -> str:
        return self.name


class SessionLock(models.Model):
    """A session whose screens wait for their person's PIN; it ends with the session."""

    session = models.OneToOneField(Session, primary_key=True, on_delete=models.CASCADE)
    tries = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.session_id[:4]}…"


class Secret(models.Model):
    """A secret of which the database stores the digest only, so that nobody can read it there."""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    #: The person's session hash when they logged in.
    stamp = models.CharField(max_length=64, editable=False)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.digest[:8]}…"


class AuthToken(Secret):
    """A login of a program or phone; use extends it, up to an absolute limit."""

    #: The absolute end, however much the token is used.
    ends_at = models.DateTimeField()


class SocketTicket(Secret):
    """A ticket that opens one socket, for programs that cannot send headers.

    It belongs to the login that requested it.
    """

    login_key = models.CharField(max_length=64, editable=False)
    #: The end of the token that requested it; None for a session.
    login_ends_at = models.DateTimeField(null=True)


def new_device_name() -> str:
    """Return a name for a device, which nobody guesses."""
    return secrets.token_hex(8)


class PairedDevice(models.Model):
    """A kiosk or waiting room screen with rate limits of its own; `accounts.devices` writes it."""

    #: In the device's signed cookie.
    name = models.CharField(max_length=16, unique=True, default=new_device_name, editable=False)
    label = models.CharField(_("device"), max_length=60)
    branch = models.ForeignKey(Branch, verbose_name=_("branch"), on_delete=models.CASCADE)
    paired_by = models.ForeignKey(
        User, verbose_name=_("paired by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    paired_at = models.DateTimeField(_("paired at"), default=timezone.now)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("paired device")
        verbose_name_plural = _("paired devices")

    def __str__(self) -> str:
        return self.label
