"""Settings of the tests and of the processes they start, without the machine's `.env`."""

import os

os.environ["ENV_FILE"] = ""

from spa_project.settings import *  # noqa: F403
