"""What every page hands to its script."""

from typing import Any

from django.conf import settings
from django.shortcuts import resolve_url


def page_data(**values: Any) -> dict[str, Any]:
    """The page's data for its module, written into the page as JSON (never as script)."""
    return {"currency": settings.CURRENCY, "login_url": resolve_url(settings.LOGIN_URL), **values}
