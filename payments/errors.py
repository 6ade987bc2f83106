"""Refusals of payments."""

from django.utils.translation import gettext_lazy as _

from spa_project.lib.errors import DomainError


class InsufficientPayment(DomainError):
    code = "insufficient_payment"
    sentence = _("That's less than the total.")


class NotTheTotal(DomainError):
    code = "not_the_total"
    sentence = _("Card payments must equal the total.")


class AmountDoubtful(DomainError):
    """A refusal of an unlikely amount; sent again with `confirmed`, it is taken."""

    code = "amount_doubtful"
    sentence = _("That's much more than the total. Is it correct?")


class MethodNotOffered(DomainError):
    code = "method_not_offered"
    sentence = _("That payment method isn't available.")


class ReceiptNotFound(DomainError):
    code = "receipt_not_found"
    sentence = _("Receipt not found.")
    http_status = 404


class AlreadyRefunded(DomainError):
    code = "already_refunded"
    sentence = _("That receipt was already refunded.")


class NotEnoughLeft(DomainError):
    code = "not_enough_left"
    sentence = _("That's more than can still be refunded.")


class DiscountNotAllowed(DomainError):
    code = "discount_not_allowed"
    sentence = _("That discount isn't available.")


class ApprovalNeeded(DomainError):
    """A refusal above somebody's limit; a manager may do it."""

    code = "approval_needed"
    sentence = _("That needs a manager's approval.")


class DrawerIsOpen(DomainError):
    code = "drawer_open"
    sentence = _("The cash drawer is already open.")


class DrawerClosed(DomainError):
    code = "drawer_closed"
    sentence = _("Open the cash drawer first.")


class CloseYesterdayFirst(DomainError):
    code = "close_yesterday_first"
    sentence = _("The cash drawer is still open from an earlier day. Count and close it first.")
