"""Settings of the next version: those of this one, and the application with its migration."""

from spa_project.tests.settings import *  # noqa: F403
from spa_project.tests.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tools.cluster.next_version"]
