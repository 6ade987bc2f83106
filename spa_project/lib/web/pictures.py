"""Uploaded pictures: checked, encoded anew in two sizes, named by their content.

Nothing of an uploaded file is kept but its pixels: neither metadata (EXIF has places and names) nor
anything hidden behind the picture. A stored file never changes, so browsers may keep it for ever.
"""

import hashlib
import io
import threading
import warnings
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from django import forms
from django.conf import settings
from django.contrib.admin.widgets import AdminFileWidget
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

MAX_BYTES = 8 * 1024 * 1024
#: JPEG is decoded at a fraction of its size, so that photos of large sensors need little memory.
MAX_PIXELS = {"JPEG": 64_000_000, "PNG": 16_000_000, "WEBP": 16_000_000}
# Pillow's own check, which warns of more and refuses twice as many.
Image.MAX_IMAGE_PIXELS = max(MAX_PIXELS.values())
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
#: The longer side in pixels.
SIZES = {"full": 1600, "card": 640}
FOLDER = "menu"
QUALITY = 82

#: One at a time in each process: a picture takes up to 200 MB while it is decoded.
_decoding = threading.Lock()


def store(file: IO[bytes]) -> str:
    """Encode and store a picture; return its name. Raises `ValidationError`."""
    with _decoding:
        contents = encode(file)
    name = hashlib.sha256(contents["full"]).hexdigest()[:32]
    folder = Path(settings.MEDIA_ROOT) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for size, content in contents.items():
        path = folder / f"{name}-{size}.webp"
        if not path.exists():
            unfinished = path.with_name(f".{path.name}.{threading.get_ident()}")
            unfinished.write_bytes(content)
            unfinished.replace(path)
    return f"{FOLDER}/{name}-full.webp"


def encode(file: IO[bytes]) -> dict[str, bytes]:
    """Return the picture as WebP in each of `SIZES`; raise `ValidationError`."""
    image = _opened(file)
    try:
        contents = {}
        for size, pixels in SIZES.items():  # the larger first: the smaller is made of it
            image.thumbnail((pixels, pixels))
            if size == "full":
                image = _upright(image)
            target = io.BytesIO()
            image.save(target, "WEBP", quality=QUALITY)
            contents[size] = target.getvalue()
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise ValidationError(_("This picture is damaged.")) from error
    return contents


def _opened(file: IO[bytes]) -> Image.Image:
    """Return the picture with nothing but its header read; raise `ValidationError`."""
    try:
        image = Image.open(file, formats=list(MAX_PIXELS))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise ValidationError(_("This isn't a JPEG, PNG or WebP picture.")) from None
    if image.width * image.height > MAX_PIXELS[image.format or ""]:
        raise _too_many_pixels()
    return image


def _too_many_pixels() -> ValidationError:
    return ValidationError(_("This picture has too many pixels. Save it smaller and try again."))


def _upright(image: Image.Image) -> Image.Image:
    """Return the picture turned as its camera was held, in sRGB, without metadata."""
    profile = image.info.get("icc_profile")
    turned = ImageOps.exif_transpose(image)
    has_alpha = turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info
    if profile and turned.mode == "RGB":
        with suppress(ImageCms.PyCMSError, OSError):
            wide = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(turned, wide, ImageCms.createProfile("sRGB"))
            turned = converted or turned
    turned = turned.convert("RGBA" if has_alpha else "RGB")
    turned.info.clear()
    return turned


class PictureInput(AdminFileWidget):
    """A file to choose, below the present picture in small."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return the input with the picture."""
        field = super().render(name, value, attrs, renderer)
        if not self.is_initial(value):
            return field
        source = value.url.replace("-full.", "-card.")
        return format_html('<img class="thumbnail" src="{}" alt="">{}', source, field)


class PictureField(forms.FileField):
    """A picture to upload; its value is the name of the stored file."""

    widget = PictureInput(attrs={"accept": "image/jpeg,image/png,image/webp"})

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Store a new picture and return its name; raise `ValidationError`."""
        value = super().clean(data, initial)
        if not isinstance(value, UploadedFile):
            return value
        if (value.size or 0) > MAX_BYTES:
            raise ValidationError(_("The picture is larger than 8 MB."))
        return store(value)
