"""The settings of a spa that speaks a generated language, right to left (layout tests)."""

import os
from pathlib import Path

from spa_project.settings import *  # noqa: F403

# The only one: browsers ask for languages that people speak.
LANGUAGES = [("ar", "Pseudo")]
LANGUAGE_CODE = "ar"
LOCALE_PATHS = [Path(os.environ["PSEUDO_LOCALE"])]
