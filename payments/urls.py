"""Address of the cashier's page."""

from django.urls import path

from payments import views

urlpatterns = [path("cashier/", views.cashier, name="cashier")]
