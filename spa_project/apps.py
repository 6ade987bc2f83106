"""The frame as an app: its commands, and the registration of every app's commands."""

from importlib import import_module

from django.apps import AppConfig


class SpaProjectConfig(AppConfig):
    name = "spa_project"

    def ready(self) -> None:
        """Importing a module of commands registers them, for sockets and HTTP alike."""
        for app in ("queueing", "payments"):
            import_module(f"{app}.commands")
