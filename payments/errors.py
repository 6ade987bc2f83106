"""Why money can be refused."""

from django.utils.translation import gettext_lazy as _

from spa_project.lib.errors import DomainError


class InsufficientPayment(DomainError):
    code = "insufficient_payment"
    sentence = _("This is less than the total.")
