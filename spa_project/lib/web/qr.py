"""QR codes of addresses."""

import io

import segno
from django.http import HttpResponse


def qr_response(address: str) -> HttpResponse:
    """Return the address as a QR code (SVG), which a browser may cache for a day."""
    picture = io.BytesIO()
    segno.make_qr(address).save(picture, kind="svg", scale=4, border=2, light="#fff")
    response = HttpResponse(picture.getvalue(), content_type="image/svg+xml")
    response["Cache-Control"] = "private, max-age=86400"
    return response
