"""Compiled queries of the menu."""

from collections.abc import Collection
from functools import cache
from typing import Any

from catalog.models import ServiceClassification
from spa_project.lib.db.compiled_queries import CompiledQuery, Param


def offers_by_id(pks: Collection[int]) -> dict[int, ServiceClassification]:
    """Return those of these options that are on the menu, by key."""
    keys = {f"pk{number}": pk for number, pk in enumerate(pks)}
    return {offer.pk: offer for offer in _offers(*keys).all(**keys)}


@cache
def _offers(*keys: str) -> CompiledQuery[ServiceClassification]:
    """Return the query for as many keys as a customer has chosen."""
    params: list[Any] = [Param(key) for key in keys]
    return CompiledQuery(lambda: ServiceClassification.objects.on_the_menu().filter(pk__in=params))
