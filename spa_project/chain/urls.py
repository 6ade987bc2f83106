"""URLs of a chain's pages."""

from django.urls import path

from spa_project.chain import views

urlpatterns = [
    path("chain/", views.chain, name="chain"),
    path("chain/work-at/", views.work_at, name="work_at"),
]
