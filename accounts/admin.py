"""Admin pages on which managers create branches and staff, set passwords, switch accounts off."""

from typing import Any

from axes.utils import reset as forget_wrong_passwords
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.logins import end_every_login
from accounts.models import Branch, Cashier, Therapist, User
from spa_project.lib.web.setup_admin import SetupAdmin, SetupStackedInline

admin.site.site_header = admin.site.site_title = admin.site.index_title = _("Administration")
admin.site.unregister(Group)  # roles are the three kinds of profile and two switches


@admin.register(Branch)
class BranchAdmin(SetupAdmin):
    list_display = ("name", "slug", "time_zone", "active")
    prepopulated_fields = {"slug": ("name",)}


class TherapistInline(SetupStackedInline):
    model = Therapist
    extra = 0


class CashierInline(SetupStackedInline):
    model = Cashier
    extra = 0


@admin.register(User)
class StaffAdmin(SetupAdmin, UserAdmin):
    """A person with their roles; managers cannot grant rights beyond their own here."""

    list_display = ("username", "first_name", "branch", "plays", "is_active")
    list_filter = ("branch", "is_active", "is_staff", "is_monitor")
    list_select_related = ("branch", "therapist", "cashier")
    inlines = (TherapistInline, CashierInline)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password", "branch", "is_active")}),
        (_("Name"), {"fields": ("first_name", "last_name", "email")}),
        (_("Access"), {"fields": ("is_staff", "is_monitor")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": (
                    "username",
                    "usable_password",
                    "password1",
                    "password2",
                    "branch",
                    "is_staff",
                    "is_monitor",
                ),
            },
        ),
    )
    readonly_fields = ("last_login", "date_joined")
    actions = ("end_logins", "allow_new_tries")

    @admin.display(description=_("Role"))
    def plays(self, user: User) -> str:
        """Return the person's roles in words."""
        return ", ".join(sorted(str(role.label) for role in user.roles))

    @admin.action(description=_("Log out everywhere"), permissions=["change"])
    def end_logins(self, request: HttpRequest, people: QuerySet[User]) -> HttpResponse | None:
        """Log these people out everywhere, after the manager has confirmed it (revocation)."""
        if "confirmed" not in request.POST:
            context = self.admin_site.each_context(request) | {
                "title": _("Log out everywhere"),
                "people": people,
                "opts": self.opts,
            }
            return TemplateResponse(request, "admin/accounts/user/end_logins.html", context)
        for person in people:
            end_every_login(person)
            self.log_change(request, person, str(_("Logged out everywhere.")))
        told = ngettext(
            "%(count)d person is logged out everywhere.",
            "%(count)d people are logged out everywhere.",
            len(people),
        )
        self.message_user(request, told % {"count": len(people)}, messages.SUCCESS)
        return None

    @admin.action(description=_("Unlock account"), permissions=["change"])
    def allow_new_tries(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """Reset the failed logins that lock these people out."""
        for person in people:
            forget_wrong_passwords(username=person.username)
        self.message_user(request, _("Account unlocked."), messages.SUCCESS)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return all users for superusers, and all but superusers for managers."""
        people = super().get_queryset(request)
        return people if request.user.is_superuser else people.filter(is_superuser=False)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: people are switched off, so that records keep their names."""
        return False
