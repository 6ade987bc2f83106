"""Data that every page passes to its script."""

from typing import TypedDict

from django.conf import settings
from django.shortcuts import resolve_url


class PageData(TypedDict):
    """The data of every page; a page that has more extends it beside its view."""

    currency: str
    login_url: str


def page_data() -> PageData:
    """Return what every page's module needs, written into the page as JSON (never as script)."""
    return {"currency": settings.CURRENCY, "login_url": resolve_url(settings.LOGIN_URL)}
