"""Refusals of the floor's operations."""

from django.utils.translation import gettext_lazy as _

from spa_project.lib.errors import DomainError


class TransactionNotFound(DomainError):
    """A refusal, also for someone else's transaction, which must look like none at all."""

    code = "transaction_not_found"
    sentence = _("This customer is not with you.")
    http_status = 404


class ServiceNotFound(DomainError):
    code = "service_not_found"
    sentence = _("This service is not on the menu.")
    http_status = 404


class QueueEmpty(DomainError):
    code = "queue_empty"
    sentence = _("No pending customers.")


class WrongState(DomainError):
    code = "wrong_state"
    sentence = _("This step is not possible now.")


class RoomNotReady(DomainError):
    code = "room_not_ready"
    sentence = _("Your room is not ready.")


class EmptySelection(DomainError):
    code = "empty_selection"
    sentence = _("Please choose at least one service.")
    http_status = 400
