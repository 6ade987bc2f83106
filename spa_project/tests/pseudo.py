"""The settings of a spa that speaks a generated language, right to left (layout tests)."""

import os
from pathlib import Path

from spa_project.settings import *  # noqa: F403
from spa_project.settings import LANGUAGES as SPOKEN

LANGUAGES = [*SPOKEN, ("ar", "Pseudo")]
LANGUAGE_CODE = "ar"
LOCALE_PATHS = [Path(os.environ["PSEUDO_LOCALE"])]
