"""Serialization of the menu (docs/protocol.md, "Shapes")."""

from typing import Any, TypedDict

from django.conf import settings
from django.db.models import Prefetch

from catalog.models import Service, ServiceCategory, ServiceClassification
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
    classifications: list[ClassificationData]


class CategoryData(TypedDict):
    id: int
    name: str
    description: str
    services: list[ServiceData]


class MenuData(TypedDict):
    categories: list[CategoryData]
    currency: str
    version: str


def serialize_menu() -> MenuData:
    """Return everything that can be chosen now, in three queries, without empty categories."""
    offers = Prefetch(
        "classifications", ServiceClassification.objects.filter(active=True), to_attr="offers"
    )
    services = Prefetch(
        "services", Service.objects.filter(active=True).prefetch_related(offers), to_attr="shown"
    )
    rows = ServiceCategory.objects.filter(active=True).prefetch_related(services)
    categories = [data for row in rows if (data := _serialize_category(row))["services"]]
    return {
        "categories": categories,
        "currency": settings.CURRENCY,
        "version": fingerprint(categories)[:16],
    }


def menu_version() -> str:
    """Return the version of the menu as it is now."""
    return serialize_menu()["version"]


def _serialize_category(category: Any) -> CategoryData:
    services = [data for row in category.shown if (data := _serialize_service(row))]
    return {
        "id": category.pk,
        "name": category.name,
        "description": category.description,
        "services": [service for service in services if service["classifications"]],
    }


def _serialize_service(service: Any) -> ServiceData:
    return {
        "id": service.pk,
        "name": service.name,
        "description": service.description,
        "image_url": service.picture_url,
        "classifications": [_serialize_classification(offer) for offer in service.offers],
    }


def _serialize_classification(offer: ServiceClassification) -> ClassificationData:
    return {
        "id": offer.pk,
        "classification": offer.classification,
        "price": format_amount(offer.price),
        "duration_minutes": offer.duration_minutes,
    }
