"""The HTTP twin of every command: `POST /api/commands/<command>/`."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from spa_project.lib.commands import REGISTRY, Caller, answer_safely
from spa_project.lib.errors import DomainError
from spa_project.lib.web.openapi import BRANCH_NAMED, LOGIN_NEEDED, described_body
from spa_project.lib.web.responses import (
    read_json,
    refusal_response,
    reply_response,
    require_own_page,
)


def add_commands(api: NinjaAPI, identify: Callable[[HttpRequest], Caller]) -> None:
    """Add the route of every registered command, `POST /api/commands/<command>/`."""
    for command in REGISTRY.values():
        api.post(
            f"/commands/{command.name}/",
            operation_id=command.name,
            summary=(command.run.__doc__ or "").strip().splitlines()[0],
            tags=["commands"],
            openapi_extra=described_body(command.data)
            | (LOGIN_NEEDED if command.roles else BRANCH_NAMED),
        )(_view_of(command.name, identify))
    unknown = _unknown_view(identify)
    api.post("/commands/{path:command}", include_in_schema=False)(unknown)


def _view_of(name: str, identify: Callable[[HttpRequest], Caller]) -> Callable[..., HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        return _answer(request, name, identify)

    return view


def _unknown_view(identify: Callable[[HttpRequest], Caller]) -> Callable[..., HttpResponse]:
    def view(request: HttpRequest, command: str) -> HttpResponse:
        return _answer(request, command, identify)

    return view


def _answer(
    request: HttpRequest, name: str, identify: Callable[[HttpRequest], Caller]
) -> HttpResponse:
    try:
        caller = identify(request)
        require_own_page(request, caller)
        data = read_json(request)
    except DomainError as refusal:
        return refusal_response(refusal)
    return reply_response(*answer_safely(caller, name, data))
