"""An uploaded price list, kept in the manager's session between its preview and the import."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.menu_import.diff import load_menu, look_alikes
from catalog.menu_import.rows import BadPriceList, Problem, Row
from catalog.menu_import.sources import read

MAX_BYTES = 1024 * 1024
_KEY = "menu_import"


class UploadForm(forms.Form):
    """The choice of a price list; a valid form has its rows."""

    file = forms.FileField(
        label=gettext_lazy("Price list"),
        help_text=gettext_lazy("CSV (UTF-8) or Excel (XLSX), at most 1 MB."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.xlsx,text/csv"}),
    )
    problems: list[Problem] = []

    def clean_file(self) -> list[Row]:
        """Return the rows; raise `ValidationError` with `problems` filled for a bad file."""
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > MAX_BYTES:
            size = filesizeformat(MAX_BYTES)
            raise ValidationError(_("The file is larger than %(size)s.") % {"size": size})
        try:
            rows, problems = read(file.read())
            problems += look_alikes(rows, load_menu())
        except BadPriceList as error:
            problems = error.problems
        if problems:
            self.problems = BadPriceList(problems).problems
            raise ValidationError(_("This file can't be imported. Nothing was changed."))
        return rows


def keep(session: SessionBase, name: str, rows: list[Row]) -> None:
    """Store rows in the session; an earlier upload is replaced."""
    session[_KEY] = {"name": name, "rows": [_packed(row) for row in rows]}


def kept(session: SessionBase) -> tuple[str, list[Row]] | None:
    """Return the name and the rows of the upload in the session, None without one."""
    upload = session.get(_KEY)
    return upload and (upload["name"], [_unpacked(values) for values in upload["rows"]])


def forget(session: SessionBase) -> None:
    """Remove the upload from the session."""
    session.pop(_KEY, None)


def _packed(row: Row) -> list[Any]:
    names = (row.category, row.service, row.description, row.classification)
    return [row.line, *names, str(row.price), row.duration_minutes]


def _unpacked(values: list[Any]) -> Row:
    line, category, service, description, classification, price, minutes = values
    return Row(line, category, service, description, classification, Decimal(price), minutes)
