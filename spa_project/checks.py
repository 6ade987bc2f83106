"""System checks: weak keys, unsafe settings, known passwords, an unknown currency.

`manage.py check` (and so `migrate` and others) reports them, and the server refuses to start:
Daphne runs no system checks itself. With `DEBUG` only the currency is checked.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.models import User
from spa_project.lib.currencies import CURRENCIES
from spa_project.lib.db.checks import check_database_before_serving, in_words

KEY_LENGTH = 50
KEY_DISTINCT = 5
#: Prefixes of keys that are examples, and so are public.
KNOWN_KEYS = ("django-insecure-", "dev-secret-key", "change-me", "changeme", "secret")


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Return what is wrong or unsafe in the settings, each with what to change."""
    if settings.DEBUG:
        return [*_judge_currency()]
    judged = (
        _judge_currency(),
        _judge_key(settings.SECRET_KEY),
        _judge_hosts(),
        _judge_public_url(),
        _judge_origins(),
    )
    return [*chain(*judged), *_judge_login()]


def check_accounts(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Return what is unsafe about the accounts in these databases."""
    return [found for alias in databases or () for found in demo_accounts(connections[alias])]


def demo_accounts(connection: BaseDatabaseWrapper) -> list[CheckMessage]:
    """Return a warning for accounts with printed passwords in a spa that is not the demo.

    A warning, so that the database can still be migrated; the server does not start with it.
    """
    if settings.DEBUG or settings.EMBEDDED:
        return []
    demo = User.objects.using(connection.alias).filter(is_demo=True, is_active=True)
    try:
        names = list(demo.values_list("username", flat=True)[:5])
    except DatabaseError:  # no tables yet, so no accounts either
        return []
    return [_accounts_warning(names)] if names else []


def check_before_serving() -> None:
    """Raise `ImproperlyConfigured`, with what to change, when the server must not start."""
    if found := check_settings():
        raise ImproperlyConfigured("\n\n".join(in_words(error) for error in found))
    check_database_before_serving(demo_accounts)


def _judge_key(key: str) -> Iterator[Error]:
    weak = len(key) < KEY_LENGTH or len(set(key)) < KEY_DISTINCT
    if weak or key.lower().startswith(KNOWN_KEYS):
        yield Error(
            "SECRET_KEY is short, simple or public: anybody could forge a session.",
            hint=f"Set SECRET_KEY (or SECRET_KEY_FILE) to {KEY_LENGTH} random characters or more.",
            id="spa.E101",
        )


def _judge_hosts() -> Iterator[Error]:
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        yield Error(
            "ALLOWED_HOSTS lets the spa be called by any name.",
            hint="Set ALLOWED_HOSTS to the names under which people reach it.",
            id="spa.E102",
        )


def _judge_public_url() -> Iterator[Error]:
    if settings.PUBLIC_URL and not urlsplit(settings.PUBLIC_URL).hostname:
        yield Error(
            f"PUBLIC_URL is {settings.PUBLIC_URL!r}: its QR codes would lead nowhere.",
            hint="Let PUBLIC_URL be a full address: https://spa.example",
            id="spa.E106",
        )


def _judge_currency() -> Iterator[Error]:
    """Refuse a currency with which browsers could not write an amount."""
    code = settings.CURRENCY
    if code not in CURRENCIES:
        written = code.strip().upper()
        example = written if written in CURRENCIES else "PHP"
        yield Error(
            f"CURRENCY is {code!r}, which is not the code of a currency.",
            hint=f"Write the three capital letters of ISO 4217, such as CURRENCY={example}.",
            id="spa.E107",
        )


def _judge_origins() -> Iterator[Error]:
    foreign = [each for each in settings.CSRF_TRUSTED_ORIGINS if not each.startswith("https://")]
    if settings.HTTPS and foreign:
        yield Error(
            f"HTTPS is on, and these origins are without it: {', '.join(foreign)}.",
            hint="Let every entry of CSRF_TRUSTED_ORIGINS begin with https://.",
            id="spa.E104",
        )


def _judge_login() -> Iterator[Error]:
    database = settings.DATABASES["default"]
    if settings.EMBEDDED:
        return
    if database.get("USER") in ("", "root") or not database.get("PASSWORD"):
        yield Error(
            "The database is used as root, as nobody in particular, or without a password.",
            hint="Make a database user for the spa alone, with a password, for DATABASE_URL.",
            id="spa.E103",
        )


def _accounts_warning(names: Sequence[str]) -> Warning:
    return Warning(
        f"There are demo accounts: {', '.join(names)} and perhaps more.",
        hint="Switch them off in the admin, or start with `seed --password ...` in a new database.",
        id="spa.W105",
    )
