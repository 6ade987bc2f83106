"""The base of all refusals: a stable code, a sentence for people, an HTTP status."""

from typing import Any, ClassVar, TypeAlias

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Sentence: TypeAlias = str | Promise


class DomainError(Exception):
    """An anticipated refusal; people read `sentence`, programs read `code`."""

    code: ClassVar[str] = "server_error"
    sentence: Sentence = _("Something went wrong on our end. Try again.")
    http_status: ClassVar[int] = 409

    def __init__(self, sentence: Sentence | None = None) -> None:
        super().__init__(sentence or self.sentence)
        if sentence is not None:
            self.sentence = sentence

    def as_reply(self) -> dict[str, Any]:
        """Return the refusal in the contract's shape (docs/protocol.md, "Messages")."""
        return {"ok": False, "code": self.code, "error": str(self.sentence)}


class NotAuthenticated(DomainError):
    code = "not_authenticated"
    sentence = _("Log in first.")
    http_status = 401


class NotAllowed(DomainError):
    code = "not_allowed"
    sentence = _("Your role doesn't allow this.")
    http_status = 403


class Locked(DomainError):
    code = "locked"
    sentence = _("This screen is locked. Enter your PIN.")
    http_status = 403


class Invalid(DomainError):
    """Data that cannot be used; `field` names the part of it, for programs."""

    code = "invalid"
    sentence = _("That didn't work. Reload the page and try again.")
    http_status = 400

    def __init__(self, sentence: Sentence | None = None, *, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field

    def as_reply(self) -> dict[str, Any]:
        """With the field that is wrong, where it is about one; people need not read it."""
        return super().as_reply() | ({"field": self.field} if self.field else {})


class NotFound(DomainError):
    code = "invalid"
    sentence = _("Not found.")
    http_status = 404


class UnknownCommand(DomainError):
    code = "unknown_command"
    sentence = _("Unknown command.")
    http_status = 404


class Conflict(DomainError):
    code = "conflict"
    sentence = _("Someone else just changed this. Please check and try again.")


class Busy(DomainError):
    code = "busy"
    sentence = _("The system is busy. Try again in a moment.")
    http_status = 503


class RateLimited(DomainError):
    """A refusal after too many requests or failures; `retry_after` is in seconds."""

    code = "rate_limited"
    sentence = _("Too many attempts. Please wait a moment.")
    http_status = 429

    def __init__(self, sentence: Sentence | None = None, *, retry_after: int = 1) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after

    def as_reply(self) -> dict[str, Any]:
        """Return the refusal with the seconds to wait."""
        return super().as_reply() | {"retry_after": self.retry_after}


class ServerError(DomainError):
    """A fault that people cannot mend; the details go to the log only."""

    http_status = 500
