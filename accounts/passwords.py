"""Passwords that the server makes, to be read from a screen and typed elsewhere."""

import secrets

# No l, 1, o, 0: people copy these from one screen to another.
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


def new_password() -> str:
    """Return a password of about 60 bits in four readable groups."""
    return "-".join("".join(secrets.choice(_LETTERS) for _each in range(3)) for _group in range(4))
