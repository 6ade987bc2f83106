"""Tokens, and the single-use tickets that open a socket: made, found, spent, cleared."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts import queries
from accounts.logins import TOKEN_LIFE, Login
from accounts.models import AuthToken, SocketTicket, User
from spa_project.lib.db.transactions import durable

TICKET_LIFE = timedelta(seconds=30)


@dataclass(frozen=True)
class Issued:
    """A new secret: shown to who asked, once, and kept nowhere."""

    text: str
    expires_at: datetime


@durable
def new_token(user: User) -> Issued:
    """A token for a person whose password was right."""
    clear_expired()
    text, now = secrets.token_urlsafe(32), timezone.now()
    ends_at = now + timedelta(days=settings.TOKEN_MAX_DAYS)
    token = AuthToken.objects.create(
        digest=digest_of(text),
        user=user,
        stamp=user.get_session_auth_hash(),
        expires_at=min(now + TOKEN_LIFE, ends_at),
        ends_at=ends_at,
    )
    return Issued(text, token.expires_at)


def login_by_token(text: str) -> Login | None:
    """The login of a token; whether it still stands is not asked here."""
    token = queries.token_by_digest(digest_of(text))
    if token is None:
        return None
    return Login(token.user_id, token.digest, token.stamp, token.ends_at)


def new_ticket(login: Login) -> Issued:
    """A ticket that opens one socket, as a part of this login."""
    text = secrets.token_urlsafe(32)
    ticket = SocketTicket.objects.create(
        digest=digest_of(text),
        user_id=login.user_id,
        stamp=login.stamp,
        expires_at=timezone.now() + TICKET_LIFE,
        login_key=login.key,
        login_ends_at=login.ends_at,
    )
    return Issued(text, ticket.expires_at)


def redeem_ticket(text: str) -> Login | None:
    """The login a ticket belongs to, for the first who shows it in time; nothing for all others."""
    found = SocketTicket.objects.filter(digest=digest_of(text), expires_at__gt=timezone.now())
    ticket = found.first()
    # Whoever deletes the row has it: the database lets only one do so, in whatever process.
    if ticket is None or found.delete()[0] != 1:
        return None
    return Login(ticket.user_id, ticket.login_key, ticket.stamp, ticket.login_ends_at)


def clear_expired() -> int:
    """Forget tokens and tickets that are over; returns how many."""
    over = {"expires_at__lte": timezone.now()}
    tokens, tickets = AuthToken.objects.filter(**over), SocketTicket.objects.filter(**over)
    return tokens.delete()[0] + tickets.delete()[0]


def clear_expired_sessions() -> int:
    """Forget sessions that are over; returns how many."""
    return Session.objects.filter(expire_date__lte=timezone.now()).delete()[0]


def digest_of(text: str) -> str:
    """What the database knows of a secret. It is random, so it needs neither salt nor slowness."""
    return hashlib.sha256(text.encode()).hexdigest()
