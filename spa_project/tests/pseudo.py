"""Settings of a spa in a pseudo-locale that reads from right to left (layout tests)."""

import os
from pathlib import Path

from spa_project.settings import *  # noqa: F403

# The only language: browsers do not request a pseudo-locale.
LANGUAGES = [("ar", "Pseudo")]
LANGUAGE_CODE = "ar"
LOCALE_PATHS = [Path(os.environ["PSEUDO_LOCALE"])]
