"""The settings of the tests: a machine's own `.env` says nothing here, nor in what tests start."""

import os

os.environ["ENV_FILE"] = ""

from spa_project.settings import *  # noqa: F403
from spa_project.settings import CHANNEL_LAYERS, REDIS_URL

# Each of several test processes has its own place in the one Redis, as it has its own database.
if (worker := os.environ.get("PYTEST_XDIST_WORKER")) and REDIS_URL:
    REDIS_URL = REDIS_URL.removesuffix("0") + worker.removeprefix("gw")
    CHANNEL_LAYERS["default"]["CONFIG"]["prefix"] = worker
