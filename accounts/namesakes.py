"""Names in lists of people, where two may have the same one."""

from collections import Counter
from collections.abc import Iterable


def tell_apart(people: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return what to call each person of these (name, user name): both where names are equal."""
    known = set(people)
    bearers = Counter(name for name, _username in known)
    return {
        (name, username): f"{name} ({username})" if bearers[name] > 1 else name
        for name, username in known
    }
