"""URLs of the floor's sockets."""

from django.urls import path

from queueing import consumers

websocket_urlpatterns = [
    path("ws/customer/", consumers.CustomerConsumer.as_asgi()),
    path("ws/ticket/<str:key>/", consumers.TicketConsumer.as_asgi()),
    path("ws/therapist/", consumers.TherapistConsumer.as_asgi()),
    path("ws/monitor/", consumers.MonitorConsumer.as_asgi()),
    path("ws/board/", consumers.BoardConsumer.as_asgi()),
]
