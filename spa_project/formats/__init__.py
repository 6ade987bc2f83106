"""Formats of dates, times and numbers for each language (FORMAT_MODULE_PATH)."""
