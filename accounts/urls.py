"""URLs of the login and the PIN."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts import views

urlpatterns = [
    path("accounts/login/", views.StaffLoginView.as_view(), name="login"),
    path("accounts/pin/", views.pin, name="pin"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
]
