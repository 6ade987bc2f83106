"""Findings of a history: sentences about what is wrong."""

Finding = str


class Lost(str):
    """Finding that something acknowledged is not there."""


class Doubled(str):
    """Finding that something took effect more than once."""
