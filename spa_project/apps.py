"""App configuration of the frame, which registers checks and every app's commands."""

from importlib import import_module

from django.apps import AppConfig
from django.core.checks import Tags, register

from spa_project.lib import upkeep
from spa_project.lib.db.checks import check_databases
from spa_project.lib.db.schema_changes import check_pending_migrations


class SpaProjectConfig(AppConfig):
    name = "spa_project"

    def ready(self) -> None:
        """Register commands, metrics and system checks."""
        # Importing a module of commands registers them, for sockets and HTTP alike.
        for module in (
            "queueing.commands",
            "payments.commands",
            "payments.drawer_commands",
            "payments.refund_commands",
            "spa_project.chain.commands",
        ):
            import_module(module)
        from spa_project import checks  # it needs the accounts app
        from spa_project.field_names import name_fields

        name_fields()

        upkeep.measure()
        register(check_databases, Tags.database)
        register(check_pending_migrations, Tags.database)
        register(checks.check_accounts, Tags.database)
        register(checks.check_settings, Tags.security)
