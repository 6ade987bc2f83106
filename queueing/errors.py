"""Refusals of the floor's operations."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from spa_project.lib.errors import DomainError
from spa_project.lib.money import display_amount, format_amount


class TransactionNotFound(DomainError):
    """A refusal, also for someone else's transaction, which must look like none at all."""

    code = "transaction_not_found"
    sentence = _("That customer isn't assigned to you.")
    http_status = 404


class ServiceNotFound(DomainError):
    code = "service_not_found"
    sentence = _("That treatment is no longer on the menu.")
    http_status = 404


class QueueEmpty(DomainError):
    code = "queue_empty"
    sentence = _("No one is waiting.")


class NotYourTurn(DomainError):
    """Somebody else is next in a strict rotation; the sentence says who, and why."""

    code = "not_your_turn"


class WrongState(DomainError):
    code = "wrong_state"
    sentence = _("You can't do that right now.")


class RoomNotReady(DomainError):
    code = "room_not_ready"
    sentence = _("Your room isn't ready.")


class EmptySelection(DomainError):
    code = "empty_selection"
    sentence = _("Choose at least one treatment.")
    http_status = 400


class BranchClosed(DomainError):
    """The branch takes no new customers."""

    code = "branch_closed"

    def __init__(self, name: str) -> None:
        super().__init__(_("%(name)s is closed. It takes no new orders.") % {"name": name})


class NobodyAble(DomainError):
    """Nobody on duty is whom the customer asks for."""

    code = "nobody_able"
    sentence = _("Nobody on duty can take this request.")

    @classmethod
    def with_skills(cls, branch: str, skills: str) -> "NobodyAble":
        """Return the refusal of treatments for which nobody in a branch has the skills."""
        words = {"branch": branch, "skills": skills}
        return cls(_("No therapist in %(branch)s can do this order: %(skills)s.") % words)


class NotAble(DomainError):
    """A therapist lacks a skill that a treatment needs."""

    code = "not_able"

    def __init__(self, therapist: str, skills: str) -> None:
        words = {"name": therapist, "skills": skills}
        super().__init__(_("%(name)s doesn't have the skill needed: %(skills)s.") % words)


class ConsentNeeded(DomainError):
    """The customer has not answered whether they want an added treatment."""

    code = "consent_needed"

    def __init__(self, treatment: str) -> None:
        super().__init__(
            _("%(name)s is still waiting for the customer's answer. Ask them, or remove it.")
            % {"name": treatment}
        )


class PriceChanged(DomainError):
    """The displayed amount is not the one that would be charged; the reply has the new one."""

    code = "price_changed"

    def __init__(self, *, displayed: Decimal, charged: Decimal, menu: str) -> None:
        words = {"old": display_amount(displayed), "new": display_amount(charged)}
        super().__init__(
            _("The price changed from %(old)s to %(new)s. Please check and confirm again.") % words
        )
        self.charged = charged
        self.menu = menu

    def as_reply(self) -> dict[str, Any]:
        """Return the reply with the new figure and the version of the menu."""
        figures = {"total_amount": format_amount(self.charged), "menu": self.menu}
        return super().as_reply() | figures
