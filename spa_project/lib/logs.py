"""Lines of the log: one each, with the number of the request, and without a secret.

Nothing here logs bodies, queries, headers or cookies. What libraries and errors put into a message
goes through `discreet`, which crosses out whatever looks like a key, a token or a session.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from spa_project.lib.request_context import current

_CROSSED_OUT = "[…]"
_SECRETS = (
    # Everything of ours that opens something is 32 characters or more of URL-safe base64.
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
#: What would begin a new line, or tell a terminal something.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
#: What a line may say besides its message; anything else a library hangs on it stays out.
FIELDS = ("method", "route", "status", "command", "code", "user", "ms")


def discreet(text: str) -> str:
    """The text without what looks like a secret."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def describe(fields: Mapping[str, Any]) -> str:
    """The fields as one readable line."""
    return " ".join(f"{name}={value}" for name, value in fields.items() if value is not None)


class NumberRequests(logging.Filter):
    """Says of each line which request it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.correlation_id = current().correlation_id
        return True


class PlainLines(logging.Formatter):
    """For people at a terminal."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = _CONTROL.sub(_escaped, discreet(record.message))
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:
        return discreet(super().formatException(ei))


class JsonLines(JsonFormatter):
    """For programs that read logs: one object a line."""

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Only what is known, and that without secrets."""
        known = ("time", "level", "logger", "correlation_id", *FIELDS)
        line = {name: log_data[name] for name in known if log_data.get(name) is not None}
        line["message"] = discreet(str(log_data.get("message", "")))
        if error := log_data.get("exc_info"):
            line["error"] = discreet(str(error))
        return line
