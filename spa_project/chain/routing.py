"""URL of the socket of a chain's managers."""

from django.urls import path

from spa_project.chain.screens import ChainConsumer

websocket_urlpatterns = [path("ws/chain/", ChainConsumer.as_asgi())]
