"""URLs of the sockets of the till and of its customer-facing screen."""

from django.urls import path

from payments.consumers import CashierConsumer, DisplayConsumer

websocket_urlpatterns = [
    path("ws/cashier/", CashierConsumer.as_asgi()),
    path("ws/display/<path:counter>/", DisplayConsumer.as_asgi()),
]
