"""Uploaded pictures, where no web server in front serves them (deploy/nginx/)."""

from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from spa_project.lib.web.pictures import FOLDER


@require_safe
def picture(request: HttpRequest, name: str) -> HttpResponse:
    """Return a stored picture, which never changes under its name."""
    try:
        content = (Path(settings.MEDIA_ROOT) / FOLDER / name).read_bytes()
    except FileNotFoundError:
        raise Http404 from None
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(content, content_type="image/webp", headers=headers)
