"""URLs of the home page, the login and the PIN."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from accounts import views
from accounts.forms import LoginForm

urlpatterns = [
    path("", views.home, name="home"),
    path(
        "accounts/login/",
        LoginView.as_view(template_name="accounts/login.html", authentication_form=LoginForm),
        name="login",
    ),
    path("accounts/pin/", views.pin, name="pin"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
]
