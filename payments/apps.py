"""App configuration of payments."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = _("Payments")

    def ready(self) -> None:
        """Count changes of the payment methods as changes of the setup."""
        from payments.models import PaymentMethod
        from queueing.setup import track

        track(PaymentMethod)
