"""Dates and times, as every page and receipt writes them in this language."""

DATE_FORMAT = SHORT_DATE_FORMAT = "M j, Y"
MONTH_DAY_FORMAT = "D, M j"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "M j, Y, H:i"
