"""The frame as an app: its commands, its checks, and the registration of every app's commands."""

from importlib import import_module

from django.apps import AppConfig
from django.core.checks import Tags, register

from spa_project.lib.db.checks import check_databases


class SpaProjectConfig(AppConfig):
    name = "spa_project"

    def ready(self) -> None:
        """Register what this process can do, and what it must check."""
        # Importing a module of commands registers them, for sockets and HTTP alike.
        for app in ("queueing", "payments"):
            import_module(f"{app}.commands")
        from spa_project import checks  # it asks for people, who are an app of their own

        register(check_databases, Tags.database)
        register(checks.check_accounts, Tags.database)
        register(checks.check_settings, Tags.security)
