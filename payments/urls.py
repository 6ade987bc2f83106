"""URLs of the cashier's page, of receipts and reports."""

from django.urls import path

from payments import drawer_views, views

urlpatterns = [
    path("cashier/", views.cashier, name="cashier"),
    path("cashier/drawer/", drawer_views.drawer, name="drawer"),
    path("cashier/drawer/x/", drawer_views.x_report, name="x_report"),
    path("cashier/drawer/z/<int:number>/", drawer_views.z_report, name="z_report"),
    path("reports/", views.reports, name="reports"),
    path("receipt/<str:key>/", views.receipt, name="receipt"),
    path("receipt/<str:key>/qr.svg", views.receipt_qr, name="receipt_qr"),
]
