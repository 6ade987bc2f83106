"""URLs of uploaded pictures."""

from django.urls import re_path

from catalog.views import picture

urlpatterns = [
    re_path(r"^media/menu/(?P<name>[0-9a-f]{32}-(?:card|full)\.webp)$", picture, name="picture"),
]
