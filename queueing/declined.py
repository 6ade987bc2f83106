"""Customers who asked for another therapist than the one who called them."""

from functools import cache

from django.conf import settings
from django.utils.translation import gettext, override

#: The reasons a therapist's screen offers, as templates/parts/_step_words.html writes them.
REASONS = "Wants another therapist|On break|Called by mistake"
#: The same reason in the words of the contract's example (docs/protocol.md).
IN_THE_CONTRACT = "Asked for someone else"


def asks_for_another(reason: str) -> bool:
    """Return whether the reason is that the customer wants another therapist, in any language."""
    return reason.strip().casefold() in _wordings()


@cache
def _wordings() -> frozenset[str]:
    found = {IN_THE_CONTRACT.casefold()}
    for language, _name in settings.LANGUAGES:
        with override(language):
            found.add(gettext(REASONS).partition("|")[0].strip().casefold())
    return frozenset(found)
