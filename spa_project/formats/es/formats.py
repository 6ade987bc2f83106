"""Dates and times, as every page and receipt writes them in this language."""

DATE_FORMAT = SHORT_DATE_FORMAT = "j b Y"
MONTH_DAY_FORMAT = "D j b"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "j b Y, H:i"
DECIMAL_SEPARATOR = ","
THOUSAND_SEPARATOR = "."
NUMBER_GROUPING = 3
