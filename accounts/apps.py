"""App configuration of accounts."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from spa_project.lib.realtime.hub import hub


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Staff")

    def ready(self) -> None:
        """Connect the receivers that announce changes of people; read who was revoked."""
        import_module("accounts.signals")
        import_module("accounts.lockout")
        from accounts.devices import read_revoked

        hub.on_heartbeat(read_revoked)
