"""URLs of the cashier's page, the customer-facing screen, receipts and reports."""

from django.urls import path

from payments import drawer_views, refund_views, views

urlpatterns = [
    path("cashier/", views.cashier, name="cashier"),
    path("cashier/drawer/", drawer_views.drawer, name="drawer"),
    path("cashier/drawer/x/", drawer_views.x_report, name="x_report"),
    path("cashier/drawer/z/<int:number>/", drawer_views.z_report, name="z_report"),
    path("display/<path:counter>/", views.display, name="display"),
    path("reports/", views.reports, name="reports"),
    path("receipt/<str:key>/", views.receipt, name="receipt"),
    path("refund/<str:key>/", refund_views.refund_receipt, name="refund"),
    path("receipt/<str:key>/qr.svg", views.receipt_qr, name="receipt_qr"),
]
