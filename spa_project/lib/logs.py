"""Log formatters: one line each, with the request's number, and without secrets.

Nothing here logs bodies, query strings, headers or cookies. Messages of libraries and errors go
through `redacted`, which redacts whatever looks like a key, a token or a session.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from spa_project.lib.request_context import current

_CROSSED_OUT = "[…]"
_SECRETS = (
    # All our secrets are 32 characters or more of URL-safe base64.
    (re.compile(r"(?=[\w-]*[A-Z0-9])[\w-]{32,}", re.ASCII), _CROSSED_OUT),
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s'\"]+"), rf"\1 {_CROSSED_OUT}"),
    (
        re.compile(
            r"(?i)\b([\w-]*(?:token|password|secret|cookie|ticket))(['\"]?\s*[=:]\s*)"
            r"(?:['\"][^'\"]*['\"]|[^\s&,;'\"]+)"
        ),
        rf"\1\2{_CROSSED_OUT}",
    ),
)
#: Characters that begin a new line or control a terminal.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
#: Loggers whose lines are put together of our own names and numbers, and contain no secret.
OWN_WORDS = frozenset({"spa.commands"})
#: Fields a line may have besides its message; any others that a library adds are left out.
FIELDS = ("method", "route", "status", "command", "code", "user", "ms")


def redacted(text: str) -> str:
    """Return the text with everything redacted that looks like a secret."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def describe(fields: Mapping[str, Any]) -> str:
    """Return the fields as one readable line."""
    return " ".join(f"{name}={value}" for name, value in fields.items() if value is not None)


class NumberRequests(logging.Filter):
    """A filter that adds the request's number to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.correlation_id = current().correlation_id
        return True


class ShortenScans(logging.Filter):
    """A filter that leaves out the traceback of a request that Django itself refuses.

    Wrong hosts and lookups are what scanners send; the message says all, and nothing is broken.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            record.exc_info = record.exc_text = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


class PlainLines(logging.Formatter):
    """A formatter for terminals."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = _CONTROL.sub(_escaped, redacted(record.message))
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:
        return redacted(super().formatException(ei))


class JsonLines(JsonFormatter):
    """A formatter for programs: one JSON object a line."""

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Keep known fields only, with secrets redacted."""
        known = ("time", "level", "logger", "correlation_id", *FIELDS)
        line = {name: log_data[name] for name in known if log_data.get(name) is not None}
        message = str(log_data.get("message", ""))
        line["message"] = message if line.get("logger") in OWN_WORDS else redacted(message)
        if error := log_data.get("exc_info"):
            line["error"] = redacted(str(error))
        return line
