"""Forms for logging in and for choosing a PIN."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm
from django.core.validators import RegexValidator
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.screen_lock import PIN

_DIGITS = {"inputmode": "numeric", "autocomplete": "off", "maxlength": "6"}


class LoginForm(AuthenticationForm):
    """Django's form with this project's messages, which are translated into all its languages."""

    error_messages = AuthenticationForm.error_messages | {
        "invalid_login": _("Incorrect username or password."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.error_messages["required"] = _("Required.")


class PinForm(forms.Form):
    """A person's PIN, twice, and their password, because a screen may be unattended."""

    pin = forms.CharField(
        label=_("New PIN (4-6 digits)"),
        required=False,
        validators=[RegexValidator(PIN, _("Enter 4 to 6 digits."))],
        widget=forms.PasswordInput(_DIGITS),
    )
    again = forms.CharField(
        label=_("Confirm PIN"), required=False, widget=forms.PasswordInput(_DIGITS)
    )
    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
        error_messages={"required": _("Required.")},
    )

    def __init__(self, request: HttpRequest, user: User) -> None:
        super().__init__(request.POST or None)
        self._request, self._user = request, user

    def clean(self) -> dict[str, Any]:
        """Refuse two PINs that differ, and a password that is not this person's."""
        data = self.cleaned_data
        if data.get("pin") != data.get("again") and "pin" not in self.errors:
            self.add_error("again", _("PINs don't match."))
        if self.errors:
            return data
        name = self._user.get_username()
        if authenticate(self._request, username=name, password=data["password"]) is None:
            self.add_error("password", _("Incorrect password."))
        return data
