"""Tokens, and single-use tickets that open a socket: issue, look up, redeem and clear."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts import queries
from accounts.login_life import expiry, last_end
from accounts.logins import Login
from accounts.models import AuthToken, SocketTicket, User
from spa_project.lib.db.transactions import durable

TICKET_LIFE = timedelta(seconds=30)


@dataclass(frozen=True)
class Issued:
    """A new secret, shown once to the client that requested it and stored nowhere."""

    text: str
    expires_at: datetime


@durable
def new_token(user: User) -> Issued:
    """Issue a token to a person whose password was right."""
    clear_expired()
    text, ends_at = secrets.token_urlsafe(32), last_end()
    token = AuthToken.objects.create(
        digest=digest_of(text),
        user=user,
        stamp=user.get_session_auth_hash(),
        expires_at=expiry(ends_at),
        ends_at=ends_at,
    )
    return Issued(text, token.expires_at)


def login_by_token(text: str) -> Login | None:
    """Return the login of a token, without checking whether it is still valid."""
    token = queries.token_by_digest(digest_of(text))
    if token is None:
        return None
    return Login(token.user_id, token.digest, token.stamp, token.ends_at)


def new_ticket(login: Login) -> Issued:
    """Issue a ticket that opens one socket as a part of this login."""
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
    """Return a ticket's login to the first caller in time, and None to all others."""
    found = SocketTicket.objects.filter(digest=digest_of(text), expires_at__gt=timezone.now())
    ticket = found.first()
    # The caller that deletes the row gets the ticket: the database lets only one do so, in whatever
    # process.
    if ticket is None or found.delete()[0] != 1:
        return None
    return Login(ticket.user_id, ticket.login_key, ticket.stamp, ticket.login_ends_at)


def clear_expired() -> int:
    """Delete tokens and tickets that have expired; return how many."""
    over = {"expires_at__lte": timezone.now()}
    tokens, tickets = AuthToken.objects.filter(**over), SocketTicket.objects.filter(**over)
    return tokens.delete()[0] + tickets.delete()[0]


def clear_expired_sessions() -> int:
    """Delete sessions that have expired; return how many."""
    return Session.objects.filter(expire_date__lte=timezone.now()).delete()[0]


def digest_of(text: str) -> str:
    """Return the digest of a secret; a random one needs neither salt nor a slow hash."""
    return hashlib.sha256(text.encode()).hexdigest()
