"""Serialization of the menu (docs/protocol.md, "Shapes")."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, TypedDict

from django.conf import settings
from django.db.models import Prefetch

from catalog.models import NoteMark, Service, ServiceCategory, ServiceClassification
from spa_project.lib.fingerprint import fingerprint
from spa_project.lib.money import format_amount


class ClassificationData(TypedDict):
    id: int
    classification: str
    price: str
    duration_minutes: int


class ServiceData(TypedDict):
    id: int
    name: str
    description: str
    image_url: str
    #: The name of the skill that it needs; null when everyone gives the treatment.
    skill: str | None
    classifications: list[ClassificationData]


class CategoryData(TypedDict):
    id: int
    name: str
    description: str
    #: Whether its treatments are extras to go with another one.
    add_ons: bool
    services: list[ServiceData]


class NoteMarkData(TypedDict):
    """A mark that customers may tick for their therapist."""

    code: str
    name: str


class MenuData(TypedDict):
    categories: list[CategoryData]
    note_marks: list[NoteMarkData]
    currency: str
    version: str


def serialize_menu() -> MenuData:
    """Return everything that can be chosen now, in three queries, without empty categories."""
    offers = Prefetch(
        "classifications", ServiceClassification.objects.filter(active=True), to_attr="offers"
    )
    services = (
        Service.objects.filter(active=True, category__active=True)
        .select_related("category", "skill")
        .prefetch_related(offers)
        .order_by("category__order", "category", "order", "pk")
    )
    categories = [
        _serialize_category(category, rows)
        for category, rows in groupby(_offered(services), key=lambda service: service.category)
    ]
    marks = NoteMark.objects.filter(active=True)
    note_marks: list[NoteMarkData] = [{"code": mark.code, "name": mark.name} for mark in marks]
    return {
        "categories": categories,
        "note_marks": note_marks,
        "currency": settings.CURRENCY,
        "version": fingerprint([categories, note_marks] if note_marks else categories)[:16],
    }


def menu_version() -> str:
    """Return the version of the menu as it is now."""
    return serialize_menu()["version"]


def _offered(services: Iterable[Any]) -> Iterator[Any]:
    return (service for service in services if service.offers)


def _serialize_category(category: ServiceCategory, services: Iterable[Any]) -> CategoryData:
    return {
        "id": category.pk,
        "name": category.name,
        "description": category.description,
        "add_ons": category.add_ons,
        "services": [_serialize_service(service) for service in services],
    }


def _serialize_service(service: Any) -> ServiceData:
    return {
        "id": service.pk,
        "name": service.name,
        "description": service.description,
        "image_url": service.picture_url,
        "skill": service.needed_skill.name if service.needed_skill else None,
        "classifications": [_serialize_classification(offer) for offer in service.offers],
    }


def _serialize_classification(offer: ServiceClassification) -> ClassificationData:
    return {
        "id": offer.pk,
        "classification": offer.classification,
        "price": format_amount(offer.price),
        "duration_minutes": offer.duration_minutes,
    }
