"""Views of the home page and the PIN."""

from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from accounts.auth import caller_of, page_for
from accounts.branches import branch_of_page, open_branches, visited_branch
from accounts.forms import LoginForm, PinForm
from accounts.models import STAFF, User
from accounts.screen_lock import set_pin, unlocking_page
from spa_project.lib.web.pages import page_data


def home(request: HttpRequest, **more: Any) -> HttpResponse:
    """Show the links to the branch's pages, or the choice between several branches.

    The context takes what only the frame knows (`spa_project/first_day.py`).
    """
    named = branch_of_page(request)
    branch = named if named and named.active else visited_branch(None)
    context = {"branch": branch, "branches": open_branches(), "page_data": page_data()}
    return render(request, "home.html", context | more)


class StaffLoginView(LoginView):
    """The login page; it tells those who have an account already why they are here."""

    template_name = "accounts/login.html"
    authentication_form = LoginForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return Django's context with the reason: the account is off, or may not see the page."""
        user_id = self.request.session.get(SESSION_KEY)
        is_off = user_id and User.objects.filter(pk=user_id, is_active=False).exists()
        is_refused = self.request.user.is_authenticated and bool(self.get_redirect_url())
        return super().get_context_data(
            is_switched_off=bool(is_off), is_refused=is_refused, **kwargs
        )


@sensitive_post_parameters()
@page_for(*STAFF)
def pin(request: HttpRequest) -> HttpResponse:
    """Show and save the form for the PIN that unlocks a person's screens."""
    caller = caller_of(request)
    page = unlocking_page(caller.person)
    form = PinForm(request, caller.person)
    if request.method == "POST" and form.is_valid():
        set_pin(caller.person, form.cleaned_data["pin"])
        return redirect(page)
    context = {
        "branch": caller.branch,
        "form": form,
        "has_pin": bool(caller.person.pin),
        "lock_minutes": settings.LOCK_MINUTES,
        "page": page,
    }
    return render(request, "accounts/pin.html", context)
