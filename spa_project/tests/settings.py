"""The settings of the tests: a machine's own `.env` says nothing here, nor in what tests start."""

import os

os.environ["ENV_FILE"] = ""

from spa_project.settings import *  # noqa: F403
