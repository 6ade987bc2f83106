"""QR codes of addresses."""

import io

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port


def qr_response(request: HttpRequest, path: str) -> HttpResponse:
    """Return a path's public address as a QR code (SVG), which a browser may cache for a day."""
    picture = io.BytesIO()
    code = segno.make_qr(public_address(request, path))
    code.save(picture, kind="svg", scale=4, border=2, light="#fff")
    response = HttpResponse(picture.getvalue(), content_type="image/svg+xml")
    response["Cache-Control"] = "private, max-age=86400"
    return response


def public_address(request: HttpRequest, path: str) -> str:
    """Return an address that a customer's phone reaches: of `PUBLIC_URL`, or the page's own host.

    A till may be at 127.0.0.1, where no phone is. Django admits the hosts of `ALLOWED_HOSTS`; one
    that only a pattern there admits ("*", ".spa.example") is replaced by the first name.
    """
    if settings.PUBLIC_URL:
        return f"{settings.PUBLIC_URL.rstrip('/')}{path}"
    names = [name.lower() for name in settings.ALLOWED_HOSTS if name[:1] not in "*."]
    if names and split_domain_port(request.get_host())[0] not in names:
        return f"{request.scheme}://{names[0]}{path}"
    return request.build_absolute_uri(path)


def qr_for_terminal(address: str) -> str:
    """Return the address as a QR code of block characters, for a terminal."""
    picture = io.StringIO()
    segno.make_qr(address).terminal(picture, border=2, compact=True)
    return picture.getvalue()
