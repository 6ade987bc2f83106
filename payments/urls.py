"""URLs of the cashier's page, of receipts and reports."""

from django.urls import path

from payments import views

urlpatterns = [
    path("cashier/", views.cashier, name="cashier"),
    path("reports/", views.reports, name="reports"),
    path("receipt/<str:key>/", views.receipt, name="receipt"),
    path("receipt/<str:key>/qr.svg", views.receipt_qr, name="receipt_qr"),
]
