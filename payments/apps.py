"""App configuration of payments."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_save
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = _("Payments")

    def ready(self) -> None:
        """Count changes of the payment methods as setup; create them with the first branch."""
        from accounts.models import Branch
        from payments.models import Discount, PaymentMethod
        from queueing.setup import track

        track(PaymentMethod)
        track(Discount)
        post_save.connect(_branch_saved, sender=Branch)


def _branch_saved(sender: Any, *, created: bool, **_: Any) -> None:
    """Create the methods of a new spa, without which no till could take a payment."""
    from payments.methods import create_defaults
    from payments.models import PaymentMethod

    if created and not PaymentMethod.objects.exists():
        create_defaults()
