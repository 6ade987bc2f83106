"""Refusals of payments."""

from django.utils.translation import gettext_lazy as _

from spa_project.lib.errors import DomainError


class InsufficientPayment(DomainError):
    code = "insufficient_payment"
    sentence = _("This is less than the total.")


class NotTheTotal(DomainError):
    code = "not_the_total"
    sentence = _("A terminal takes exactly the total.")


class AmountDoubtful(DomainError):
    """A refusal of an unlikely amount; sent again with `confirmed`, it is taken."""

    code = "amount_doubtful"
    sentence = _("This is much more than the total. Is it right?")


class MethodNotOffered(DomainError):
    code = "method_not_offered"
    sentence = _("This way of paying is not offered.")


class ReceiptNotFound(DomainError):
    code = "receipt_not_found"
    sentence = _("There is no such receipt.")
    http_status = 404
