"""App configuration of accounts."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Staff")

    def ready(self) -> None:
        """Connect the signal receivers that announce changes of people."""
        import_module("accounts.signals")
        import_module("accounts.lockout")
