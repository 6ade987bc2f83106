"""Tests of the system checks: unsafe settings are reported, and refused at start."""

import os
import secrets
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from babel.numbers import list_currencies
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import CommandError, SystemCheckError
from django.db import connection

from accounts.models import User
from spa_project import checks
from spa_project import settings as settings_module
from spa_project.checks import check_before_serving, check_settings, demo_accounts
from spa_project.lib import money
from spa_project.lib.currencies import CURRENCIES

UNSAFE = {
    "a short key": ({"SECRET_KEY": secrets.token_urlsafe(20)}, "spa.E101"),
    "a simple key": ({"SECRET_KEY": "abab" * 20}, "spa.E101"),
    "Django's key": ({"SECRET_KEY": f"django-insecure-{secrets.token_urlsafe(45)}"}, "spa.E101"),
    "a known key": ({"SECRET_KEY": "dev-secret-key" + secrets.token_urlsafe(45)}, "spa.E101"),
    "any host": ({"ALLOWED_HOSTS": ["spa.example", "*"]}, "spa.E102"),
    "no host": ({"ALLOWED_HOSTS": []}, "spa.E102"),
    "half an address": ({"PUBLIC_URL": "spa.example/"}, "spa.E106"),
    "root": ({"USER": "root"}, "spa.E103"),
    "no password": ({"PASSWORD": ""}, "spa.E103"),
    "half https": ({"HTTPS": True, "CSRF_TRUSTED_ORIGINS": ["http://a.example"]}, "spa.E104"),
}


@pytest.fixture
def safe(settings, monkeypatch):
    settings.DEBUG = settings.EMBEDDED = False
    settings.SECRET_KEY = secrets.token_urlsafe(45)
    settings.ALLOWED_HOSTS = ["spa.example"]
    for name in ("USER", "PASSWORD"):
        monkeypatch.setitem(settings.DATABASES["default"], name, "spa")
    return settings


def change(settings, changes) -> None:
    database = settings.DATABASES["default"]
    for name, value in changes.items():
        if name in database:
            database[name] = value
        else:
            setattr(settings, name, value)


def test_a_safe_spa_may_be_opened(safe):
    assert check_settings() == []


@pytest.mark.parametrize("case", UNSAFE)
def test_an_unsafe_spa_is_told_what_to_change(safe, case):
    changes, number = UNSAFE[case]
    change(safe, changes)
    [error] = check_settings()
    assert (error.id, error.is_serious()) == (number, True)
    assert error.hint


@pytest.mark.parametrize("case", UNSAFE)
def test_an_unsafe_spa_does_not_open(safe, case, monkeypatch):
    monkeypatch.setattr(checks, "check_database_before_serving", lambda *_checks: None)
    check_before_serving()
    change(safe, UNSAFE[case][0])
    with pytest.raises(ImproperlyConfigured):
        check_before_serving()


@pytest.mark.parametrize(
    ("code", "example"),
    [("PESO", "PHP"), ("usd", "USD"), ("", "PHP"), (" EUR", "EUR"), ("XYZ", "PHP"), ("₱", "PHP")],
)
@pytest.mark.parametrize("debug", [True, False])
def test_an_unknown_currency_is_refused_with_the_way_to_write_it(
    safe, code, example, debug, monkeypatch
):
    monkeypatch.setattr(checks, "check_database_before_serving", lambda *_checks: None)
    safe.DEBUG, safe.CURRENCY = debug, code
    [error] = check_settings()
    assert (error.id, error.is_serious()) == ("spa.E107", True)
    assert repr(code) in error.msg
    assert str(error.hint).endswith(f"such as CURRENCY={example}.")
    with pytest.raises(ImproperlyConfigured, match="CURRENCY"):
        check_before_serving()


def test_every_currency_is_one_that_unicode_knows():
    assert set(list_currencies()) >= CURRENCIES
    assert set(money._SIGNS) <= CURRENCIES


def test_development_may_be_unsafe(safe):
    safe.DEBUG = True
    change(safe, UNSAFE["any host"][0])
    assert check_settings() == []


def test_the_check_command_says_so(settings):
    settings.ALLOWED_HOSTS = ["*"]
    with pytest.raises(SystemCheckError, match=r"spa\.E102"):
        call_command("check")


@pytest.fixture
def demo_account(db) -> User:
    return User.objects.create_user("demo1", password="x", is_demo=True)


def test_demo_accounts_stay_in_the_demo(safe, demo_account):
    [warning] = demo_accounts(connection)
    assert warning.id == "spa.W105"
    assert "demo1" in warning.msg
    demo_account.is_active = False
    demo_account.save()
    assert demo_accounts(connection) == []


def test_the_demo_itself_has_demo_accounts(settings, demo_account):
    settings.EMBEDDED = True
    assert demo_accounts(connection) == []


def test_a_spa_with_demo_accounts_does_not_open(safe, monkeypatch):
    asked = []
    monkeypatch.setattr(
        checks, "check_database_before_serving", lambda *checks: asked.extend(checks)
    )
    check_before_serving()
    assert asked == [demo_accounts]


@pytest.mark.slow
def test_the_start_itself_refuses(tmp_path):
    environment = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'spa.sqlite3'}",
        "REDIS_URL": "",
        "ALLOWED_HOSTS": "*",
    }
    start = subprocess.run(
        [sys.executable, "-c", "import spa_project.asgi"],
        cwd=settings_module.BASE_DIR,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert start.returncode != 0
    assert "Set ALLOWED_HOSTS" in start.stderr


@pytest.mark.parametrize("names", [("MYSQL_HOST",), ("MYSQL_USER", "MYSQL_PASSWORD_FILE")])
def test_a_database_named_in_part_is_refused_with_what_is_missing(names, tmp_path):
    (tmp_path / "secret").write_text("a value")
    given = dict.fromkeys(names, str(tmp_path / "secret"))
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    start = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=settings_module.BASE_DIR,
        env=environment | given | {"ENV_FILE": ""},
        capture_output=True,
        text=True,
    )
    assert start.returncode != 0
    assert f"{names[0]}" in start.stderr
    assert "without MYSQL_DB: set MYSQL_DB" in start.stderr


def started_with(**given: str) -> subprocess.CompletedProcess[str]:
    """Run the system checks in a process with these variables."""
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=settings_module.BASE_DIR,
        env=os.environ | {"ENV_FILE": ""} | given,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("name", ["missing", "."], ids=["missing", "unreadable"])
def test_a_file_of_settings_that_cannot_be_read_is_refused(name, tmp_path):
    """Without its settings a process would serve an empty SQLite database."""
    settings = "spa_project.settings"  # those of the tests read no file
    start = started_with(ENV_FILE=str(tmp_path / name), DJANGO_SETTINGS_MODULE=settings)
    assert start.returncode != 0
    assert "ENV_FILE cannot be read" in start.stderr


@pytest.mark.parametrize("name", ["DATABASE_URL", "REPORTS_DATABASE_URL"])
def test_a_database_without_a_name_is_refused(name):
    start = started_with(**{name: "mysql://spa:spa@127.0.0.1:3306/"})
    assert start.returncode != 0
    assert "The database has no name" in start.stderr


@pytest.mark.parametrize(
    ("name", "least"),
    [("DB_THREADS", 1), ("TOKEN_MAX_DAYS", 1), ("MESSAGES_PER_SECOND", 1), ("LOCK_MINUTES", 0)],
)
def test_a_number_that_would_stop_everything_is_refused(name, least):
    start = started_with(**{name: str(least - 1)})
    assert start.returncode != 0
    assert f"{name} is {least - 1}: it must be at least {least}." in start.stderr


@pytest.mark.parametrize("kept", ["0", "-1", "many"])
def test_no_backup_is_deleted_for_a_number_that_keeps_none(kept, tmp_path):
    with pytest.raises(CommandError, match="it must be a whole number, 1 or more"):
        call_command("backup", str(tmp_path), f"--keep={kept}")
    assert list(tmp_path.iterdir()) == []


def test_a_day_that_does_not_move_is_not_simulated():
    with pytest.raises(CommandError, match="--speed must be more than 0"):
        call_command("simulate", "--speed", "0")


def test_the_demos_key_is_made_once_and_its_owners_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(settings_module, "DATA_DIR", tmp_path / "data")
    key = settings_module._kept_secret_key()
    assert settings_module._kept_secret_key() == key
    path = Path(tmp_path / "data" / "secret_key")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(checks._judge_key(key)) == []


# -- Security headers -----------------------------------------------------------------------------

PRINT = """
from django.conf import settings as s
print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,
      s.SECURE_HSTS_SECONDS, s.SECURE_SSL_REDIRECT)
"""


@pytest.mark.parametrize(
    ("https", "told"),
    [
        ("1", "__Host-sessionid __Host-csrftoken True True 31536000 True"),
        ("0", "sessionid csrftoken False False 0 False"),
    ],
)
def test_with_https_cookies_belong_to_this_host_alone(https, told):
    settings = {"HTTPS": https, "DATABASE_URL": "sqlite:////nowhere/spa.sqlite3"}
    settings |= {"DJANGO_SETTINGS_MODULE": "spa_project.settings"}
    output = subprocess.run(
        [sys.executable, "-c", PRINT],
        cwd=settings_module.BASE_DIR,
        env=os.environ | settings | {"SECRET_KEY": secrets.token_urlsafe(45)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert output.stdout.strip() == told


ROTATED = """
from django.conf import settings as s
print(s.SECRET_KEY_FALLBACKS, s.SECURE_HSTS_INCLUDE_SUBDOMAINS)
"""


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "[] False"),
        ({"HSTS_SUBDOMAINS": "1"}, "[] True"),
        ({"SECRET_KEY_FALLBACKS": "one,two"}, "['one', 'two'] False"),
    ],
)
def test_former_keys_and_subdomains_are_named_in_the_environment(given, told):
    settings = {"HTTPS": "1", "DATABASE_URL": "sqlite:////nowhere/spa.sqlite3"}
    settings |= {"DJANGO_SETTINGS_MODULE": "spa_project.settings"}
    output = subprocess.run(
        [sys.executable, "-c", ROTATED],
        cwd=settings_module.BASE_DIR,
        env=os.environ | settings | {"SECRET_KEY": secrets.token_urlsafe(45)} | given,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert output.stdout.strip() == told


def test_with_a_key_of_its_own_the_demo_makes_its_folder_too(tmp_path, monkeypatch):
    """SQLite opens no database in a folder that is not there."""
    monkeypatch.setattr(settings_module, "DATA_DIR", tmp_path / "data")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("SECRET_KEY", secrets.token_urlsafe(45))
    database = settings_module._primary()
    sqlite3.connect(str(database["NAME"])).close()
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["spa.sqlite3"]
