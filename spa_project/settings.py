"""All settings, from the environment (`.env.example` lists every one) with safe defaults."""

import datetime
import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from spa_project.lib.redis_config import channel_layers

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = BASE_DIR / "data"  # what the embedded default writes: database, key, static files

env = environ.FileAwareEnv()


def _read_env_file(path: str) -> None:
    """Read the settings in a file; raise `ImproperlyConfigured` when that is not possible.

    Without them a process would open another database. `read_env` itself ignores the error.
    """
    try:
        with open(path, encoding="utf-8") as file:
            env.read_env(file)
    except OSError as error:
        raise ImproperlyConfigured(f"ENV_FILE cannot be read: {error}") from None


# Another source of the environment, none when empty; tests read nothing else.
env_file = env.str("ENV_FILE", default=str(BASE_DIR / ".env"))
if env_file and ("ENV_FILE" in os.environ or Path(env_file).is_file()):
    _read_env_file(env_file)


def _number(name: str, default: int, *, least: int = 1) -> int:
    """Return a whole number; raise `ImproperlyConfigured` for one that would stop everything."""
    number: int = env.int(name, default=default)
    if number < least:
        raise ImproperlyConfigured(f"{name} is {number}: it must be at least {least}.")
    return number


def _kept_secret_key() -> str:
    """Return the embedded default's own key: made once, readable by its owner alone."""
    path = DATA_DIR / "secret_key"
    if not path.exists():
        DATA_DIR.mkdir(exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(get_random_secret_key())
    return path.read_text()


MYSQL_VARIABLES = ("MYSQL_USER", "MYSQL_PASSWORD", "MYSQL_HOST", "MYSQL_PORT", "MYSQL_DB")


def _is_given(name: str) -> bool:
    return name in os.environ or f"{name}_FILE" in os.environ


def _mysql_url_parts() -> dict[str, str]:
    """Return the database that the original system's variables name, without DATABASE_URL.

    Raises `ImproperlyConfigured` without MYSQL_DB: the rest alone would silently mean SQLite.
    """
    if not _is_given("MYSQL_DB"):
        given = ", ".join(filter(_is_given, MYSQL_VARIABLES))
        raise ImproperlyConfigured(
            f"{given} without MYSQL_DB: set MYSQL_DB to the database's name, or DATABASE_URL alone."
        )
    return {
        "ENGINE": "django.db.backends.mysql",
        "NAME": env.str("MYSQL_DB"),
        "USER": env.str("MYSQL_USER", default="spa"),
        "PASSWORD": env.str("MYSQL_PASSWORD", default=""),
        "HOST": env.str("MYSQL_HOST", default="127.0.0.1"),
        "PORT": env.str("MYSQL_PORT", default="3306"),
    }


def _primary() -> dict[str, object]:
    if not _is_given("DATABASE_URL") and any(map(_is_given, MYSQL_VARIABLES)):
        return _as_we_use_it(dict(_mysql_url_parts()))
    if not _is_given("DATABASE_URL"):
        DATA_DIR.mkdir(exist_ok=True)  # SQLite creates a database, but not its folder
    return _as_we_use_it(env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'spa.sqlite3'}"))


def _databases() -> dict[str, dict[str, object]]:
    """Return the primary, and a replica of it for lists and reports where there is one."""
    found = {"default": _primary()}
    if env.str("REPORTS_DATABASE_URL", default=""):
        # The primary is read instead, so nobody waits long for a replica that is gone.
        found["reports"] = _as_we_use_it(env.db("REPORTS_DATABASE_URL"), connect_timeout=2)
        found["reports"]["TEST"] = {"MIRROR": "default"}
    return found


def _as_we_use_it(database: dict[str, object], **mysql_options: int) -> dict[str, object]:
    if not database["NAME"]:
        raise ImproperlyConfigured("The database has no name: add it to the URL, or set MYSQL_DB.")
    # Every thread that works on the database lives as long as the process (lib/db/pool.py),
    # so connections last, and are checked before use.
    database |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    if database["ENGINE"] == "django.db.backends.sqlite3":
        # FULL: a confirmed payment survives a power cut. IMMEDIATE: no lock upgrade half-way.
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        }
        # A file, because tests with threads and processes need a database that they can share.
        database["TEST"] = {"NAME": f"{database['NAME']}.test"}
    else:
        database["ENGINE"] = "spa_project.lib.db.mysql"
        database["OPTIONS"] = {
            "charset": "utf8mb4",
            "connect_timeout": 5,
            "isolation_level": "read committed",
            "init_command": "SET innodb_lock_wait_timeout=3, sql_mode='STRICT_TRANS_TABLES'",
            **mysql_options,
        }
        database["TEST"] = {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_unicode_ci"}
    return database


DEBUG = env.bool("DEBUG", default=False)
DATABASES = _databases()
#: A replica further behind than this, in seconds, is not read.
REPORTS_MAX_AGE = _number("REPORTS_MAX_AGE", 300, least=0)
DATABASE_ROUTERS = ["spa_project.lib.db.router.Router"]
EMBEDDED = DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3"

SECRET_KEY = env.str("SECRET_KEY", default="") or (_kept_secret_key() if EMBEDDED else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("Set SECRET_KEY (or SECRET_KEY_FILE) to a long random text.")

#: Former keys, by which what they signed (sessions above all) is still known.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
#: Where QR codes lead; empty: to the host of the page that shows them.
PUBLIC_URL = env.str("PUBLIC_URL", default="")

#: Threads that work on the database in each process, each with its own lasting connection.
DB_THREADS = _number("DB_THREADS", 4)

INSTALLED_APPS = [
    "spa_project",  # first: its runserver replaces Daphne's, which replaces Django's
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "channels",
    "simple_history",
    "accounts",
    "catalog",
    "queueing",
    "payments",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "spa_project.lib.web.middleware.compress",
    "spa_project.lib.web.middleware.log",
    "spa_project.lib.web.middleware.secure",
    "spa_project.lib.web.middleware.limit",
    "spa_project.lib.web.middleware.read_without_primary",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.keep_locked",
    "accounts.middleware.use_branch_time",
    "simple_history.middleware.HistoryRequestMiddleware",  # who changes the setup
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",  # last: it answers instead of a view that met a lockout
]

ROOT_URLCONF = "spa_project.urls"
ASGI_APPLICATION = "spa_project.asgi.application"
WSGI_APPLICATION = "spa_project.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# -- The live floor ---------------------------------------------------------------------------

#: Off in load tests only.
RATE_LIMITS = env.str("RATE_LIMITS", default="on") != "off"

# Rate limits per client address and minute: requests and sockets opened; logins tried; orders and
# other changes by visitors (lib/rate_limits.py has which are shared by all processes).
REQUESTS_PER_MINUTE = _number("REQUESTS_PER_MINUTE", 3000)
LOGINS_PER_MINUTE = _number("LOGINS_PER_MINUTE", 20)
ORDERS_PER_MINUTE = _number("ORDERS_PER_MINUTE", 10)
#: Commands per person and minute.
COMMANDS_PER_MINUTE = _number("COMMANDS_PER_MINUTE", 300)
#: Open sockets per client address and process.
SOCKETS_PER_ADDRESS = _number("SOCKETS_PER_ADDRESS", 200)
#: Messages per socket and second, with bursts of twice as many.
MESSAGES_PER_SECOND = _number("MESSAGES_PER_SECOND", 20)
MESSAGE_BYTES = _number("MESSAGE_BYTES", 16 * 1024)
ITEMS_PER_TRANSACTION = _number("ITEMS_PER_TRANSACTION", 20)

#: The number of our own proxies; as many trailing addresses of X-Forwarded-For are trusted.
TRUSTED_PROXIES = _number("TRUSTED_PROXIES", 0, least=0)

REDIS_URL = env.str("REDIS_URL", default="")
# Without Redis there is one process, and its hub is fed directly (lib/realtime/hub.py), without a
# channel layer.
CHANNEL_LAYERS = channel_layers(REDIS_URL)

# -- People -----------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "accounts.auth.StaffBackend"]
#: Days after which a token ends, however much it is used.
# Of tokens and of browsers' sessions, which both slide by 24 hours (accounts/login_life.py).
TOKEN_MAX_DAYS = _number("TOKEN_MAX_DAYS", 7)
#: For clients of the original system only: addresses end up in logs and histories.
ALLOW_TOKEN_IN_QUERY = env.bool("ALLOW_TOKEN_IN_QUERY", default=False)
# Five failed logins for a name from one address lock both out together for a quarter of an hour.
# The name can still log in from elsewhere, so nobody can lock a colleague out.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = datetime.timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "accounts.lockout.answer"
AXES_CLIENT_IP_CALLABLE = "accounts.lockout.address"
AXES_SENSITIVE_PARAMETERS = ["username", "csrfmiddlewaretoken", "auth_token"]
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
#: Minutes of inactivity after which a therapist's screen locks itself (0: never), where the person
#: has a PIN to unlock it.
LOCK_MINUTES = _number("LOCK_MINUTES", 10, least=0)
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_HASHERS = [
    "accounts.hashers.FrugalArgon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# -- The browser ------------------------------------------------------------------------------

HTTPS = env.bool("HTTPS", default=False)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
#: The spa's domain may have subdomains of others, which have no TLS; so they are asked for.
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS and env.bool("HSTS_SUBDOMAINS", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # the warnings against that
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if HTTPS:
    # Browsers accept these names only over HTTPS, for this host and its whole path.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
CSRF_FAILURE_VIEW = "spa_project.lib.web.error_views.csrf_failure"
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
#: Django 6 will read a setting of this name itself; until then lib/web/middleware.py does.
SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "media-src": ["'self'"],
    "manifest-src": ["'self'"],
    "worker-src": ["'self'"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}
#: Bytes of a request's body; the menu's pages in the admin take files and long lists
#: (lib/web/middleware.py).
BODY_BYTES = _number("BODY_BYTES", 64 * 1024)
UPLOAD_BYTES = 9 * 1024 * 1024
# Fields without files: four for each option of a price list.
DATA_UPLOAD_MAX_MEMORY_SIZE = max(BODY_BYTES, 1024 * 1024)
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000

STATIC_URL = "static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=str(DATA_DIR / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
#: Uploaded pictures; nginx serves them from here (deploy/), and backups contain them.
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(DATA_DIR / "media")))
MEDIA_URL = "media/"
#: Where backups are kept, and how the daily tasks ended (lib/upkeep.py).
BACKUPS_DIR = Path(env.str("BACKUPS_DIR", default=str(MEDIA_ROOT.with_name("backups"))))
#: Directories whose disks are measured.
MONITORED_DISKS = env.list("MONITORED_DISKS", default=[str(MEDIA_ROOT.parent)])
#: The certificate whose end is measured; empty: none of ours.
CERTIFICATE_FILE = env.str("CERTIFICATE_FILE", default="")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "spa_project.lib.web.static.HashedStaticFilesStorage"},
}

# -- Languages, money, time ---------------------------------------------------------------------

CURRENCY = env.str("CURRENCY", default="PHP")
LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="en")
#: Each in its own language; locale/ has all but the first.
LANGUAGES = [("en", "English"), ("fil", "Filipino"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
FORMAT_MODULE_PATH = ["spa_project.formats"]
#: For languages of which Django has no formats.
NUMBER_GROUPING = 3
TIME_ZONE = "UTC"
USE_TZ = True

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- The log ----------------------------------------------------------------------------------

LOG_FORMAT = env.str("LOG_FORMAT", default="plain" if EMBEDDED or DEBUG else "json")
#: Requests and commands are logged at INFO; on a terminal only errors are shown.
LOG_LEVEL = env.str("LOG_LEVEL", default="WARNING" if LOG_FORMAT == "plain" else "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "number": {"()": "spa_project.lib.logs.NumberRequests"},
        "scans": {"()": "spa_project.lib.logs.ShortenScans"},
    },
    "formatters": {
        "plain": {
            "()": "spa_project.lib.logs.PlainLines",
            "format": "{asctime} {levelname} {name} {correlation_id}: {message}",
            "style": "{",
        },
        "json": {
            "()": "spa_project.lib.logs.JsonLines",
            "format": "{asctime}{levelname}{name}{message}{correlation_id}",
            "style": "{",
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
        },
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["number", "scans"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "spa": {"level": LOG_LEVEL},
        # Django's default prints errors nowhere when DEBUG is off.
        "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        # These loggers name addresses, which may be secrets; lib/web/middleware.py and
        # error_views.py log requests and errors without them.
        "django.request": {"level": "CRITICAL"},
        "django.security.csrf": {"level": "CRITICAL"},
    },
}
