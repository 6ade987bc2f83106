"""URLs of the floor's pages."""

from django.urls import path

from queueing import views

urlpatterns = [
    path("menu/", views.menu, name="menu"),
    path("ticket/<str:key>/", views.ticket, name="ticket"),
    path("ticket/<str:key>/qr.svg", views.ticket_qr, name="ticket_qr"),
    path("therapist/", views.therapist, name="therapist"),
    path("desk/", views.desk, name="desk"),
    path("monitor/", views.monitor, name="monitor"),
    path("board/", views.board, name="board"),
]
