"""Natural order: sort numbers inside texts as people count, so that 2 comes before 10."""

import re

_DIGITS = re.compile(r"(\d+)")


def natural_key(text: str) -> tuple[tuple[bool, int, str], ...]:
    """Return a sort key: digits by their value, before letters, which ignore case."""
    return tuple(
        (not part.isdecimal(), int(part) if part.isdecimal() else 0, part.casefold())
        for part in _DIGITS.split(text)
        if part
    )
