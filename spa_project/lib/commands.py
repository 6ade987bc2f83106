"""The registry of commands, and how each is validated, authorized and run.

A command is declared once, with its data and the roles that may use it; sockets and HTTP both use
`answer`, so they refuse in the same words.
"""

import inspect
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, TypeVar

from django.db import Error as DatabaseError
from django.db import InterfaceError, InternalError, OperationalError
from pydantic import BaseModel, ConfigDict, ValidationError

from spa_project.lib.errors import (
    Busy,
    DomainError,
    Invalid,
    Locked,
    NotAllowed,
    NotAuthenticated,
    RateLimited,
    ServerError,
    UnknownCommand,
)
from spa_project.lib.logs import describe
from spa_project.lib.metrics import BUSY, COMMAND_SECONDS, COMMANDS_ANSWERED
from spa_project.lib.rate_limits import COMMANDS, ORDERS, REFUSED_ON_SOCKET, REFUSED_ORDERS
from spa_project.lib.request_context import current

logger = logging.getLogger(__name__)
command_log = logging.getLogger("spa.commands")

Reply = dict[str, Any]


class Data(BaseModel):
    """The data of a command: exact types, no unknown fields. Subclasses name the fields."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Caller(Protocol):
    """The sender of a command, as far as this module needs to know."""

    @property
    def roles(self) -> frozenset[Any]: ...
    @property
    def is_authenticated(self) -> bool: ...
    @property
    def is_locked(self) -> bool:
        """Return whether the caller's screen is locked."""

    @property
    def is_sent_by_browser(self) -> bool:
        """Return whether a session cookie authenticates the caller, so CSRF is possible."""

    @property
    def access_state(self) -> Any:
        """Return the rights that must not change while the socket is open; hashable."""

    @property
    def topic(self) -> str | None:
        """Return the topic on which a change of the caller's login or roles is published."""


@dataclass(frozen=True)
class Command:
    """A command of the contract; without roles, anyone may use it."""

    name: str
    roles: frozenset[str]
    data: type[Data]
    run: Callable[[Any, Any], Reply]


REGISTRY: dict[str, Command] = {}

F = TypeVar("F", bound=Callable[[Any, Any], Any])
D = TypeVar("D", bound=Data)


def command(*roles: str) -> Callable[[F], F]:
    """Register a function `(caller, data) -> reply` under its own name for these roles."""

    def register(function: F) -> F:
        data = list(inspect.signature(function).parameters.values())[1].annotation
        name = function.__name__
        REGISTRY[name] = Command(name, frozenset(roles), data, function)
        return function

    return register


def answer(caller: Caller, name: str, data: Any) -> Reply:
    """Run a command and return its reply; raise `DomainError` with the reason of a refusal."""
    found = REGISTRY.get(name)
    if found is None:
        raise UnknownCommand
    require_role(caller, found.roles)
    if caller.is_locked:
        raise Locked
    checked = validated(found.data, data)
    if not caller.topic:
        return {"ok": True, **_run_for_visitor(found, caller, checked)}
    COMMANDS.hit(caller.topic)
    return {"ok": True, **found.run(caller, checked)}


def answer_safely(caller: Caller, name: str, data: Any) -> tuple[Reply, int]:
    """Return the reply and its HTTP status, for refusals and faults too, without internals."""
    started = time.perf_counter()
    reply, status = _answer_or_refuse(caller, name, data)
    seconds = time.perf_counter() - started
    # other names would grow the metrics without bound
    known = name if name in REGISTRY else "unknown"
    code = reply.get("code", "ok")
    _answered(known, code).inc()
    _seconds(known).observe(seconds)
    line = {
        "command": known,
        "code": code,
        "user": caller.topic,
        "ms": round(seconds * 1000, 1),
    }
    command_log.info(describe(line), extra=line)
    return reply, status


# Labels are looked up once, as the library's documentation recommends: under a lock, in text.
_answered = cache(COMMANDS_ANSWERED.labels)
_seconds = cache(COMMAND_SECONDS.labels)


def _answer_or_refuse(caller: Caller, name: str, data: Any) -> tuple[Reply, int]:
    try:
        return answer(caller, name, data), 200
    except DomainError as refusal:
        return refusal.as_reply(), refusal.http_status
    except DatabaseError as error:
        failure = database_failed(name, error)
        return failure.as_reply(), failure.http_status
    except Exception:
        logger.exception("%s failed", name)  # a registered command: others were refused before
        return ServerError().as_reply(), ServerError.http_status


def _run_for_visitor(found: Command, caller: Caller, checked: Data) -> Reply:
    """Run a visitor's command, counted by their client; refused ones are counted apart.

    A client may be the address of a whole spa: what one phone there makes up, an order of nothing
    or a key that is guessed, stops no order of a kiosk. A socket's own refusals end at their limit
    before they are run; requests have a limit of their own (lib/web/middleware.py).
    """
    who = f"{current().counted_as} {found.name}"
    if current().socket:
        REFUSED_ON_SOCKET.check(current().socket)
    ORDERS.check(who)
    try:
        reply = found.run(caller, checked)
    except Busy:
        raise
    except DomainError:
        if current().socket:
            REFUSED_ON_SOCKET.hit(current().socket)
        REFUSED_ORDERS.hit(who)
        raise
    with suppress(RateLimited):  # others passed the check at the same moment; it is done
        ORDERS.hit(who)
    return reply


#: Faults that pass: the database is away, full, read-only or overloaded. Others, such as a value
#: that no column takes or a violated constraint, meet the same data again at every try.
PASSING_FAULTS = (OperationalError, InterfaceError, InternalError)


def database_failed(name: str, error: BaseException) -> DomainError:
    """Return the refusal for a fault of the database; the details go to the log.

    Only a fault that may pass is `Busy`, which clients repeat.
    """
    logger.error("The database failed %s", name, exc_info=error)
    if not isinstance(error, PASSING_FAULTS):
        return ServerError()
    BUSY.labels("database").inc()
    return Busy()


def require_role(caller: Caller, roles: Iterable[str]) -> None:
    """Raise `NotAuthenticated` or `NotAllowed` unless the caller has one of the roles."""
    wanted = frozenset(roles)
    if not wanted or wanted & caller.roles:
        return
    raise NotAllowed if caller.is_authenticated else NotAuthenticated


def validated(model: type[D], data: Any) -> D:
    """Return data as its model; raise `Invalid` with the first error."""
    try:
        return model.model_validate({} if data is None else data)
    except ValidationError as error:
        raise _explain(error) from error


def _explain(error: ValidationError) -> Invalid:
    """Return the refusal of the first validation error.

    People read its sentence, which names no field; programs read `field`.
    """
    first = error.errors(include_url=False, include_input=False)[0]
    sentence = first["msg"] if first["type"] in _OWN_WORDS else None
    return Invalid(sentence, field=".".join(str(part)[:40] for part in first["loc"]))


#: Validation errors whose message is a sentence of this project.
_OWN_WORDS = frozenset({"amount"})
