"""The URL of the cashier's socket."""

from django.urls import path

from payments.consumers import CashierConsumer

websocket_urlpatterns = [path("ws/cashier/", CashierConsumer.as_asgi())]
