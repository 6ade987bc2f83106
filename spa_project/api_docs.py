"""The OpenAPI document, and the API's documentation page made of it, without scripts."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import conditional_page

from spa_project.api import api


class Operation(NamedTuple):
    """One operation of the API."""

    method: str
    path: str
    name: str
    summary: str
    details: str
    body: str


@conditional_page
def openapi(request: HttpRequest) -> HttpResponse:
    """Return the OpenAPI document, with an ETag as every response of the API."""
    return JsonResponse(api.get_openapi_schema())


def docs(request: HttpRequest) -> HttpResponse:
    """Show every URL of the API with its parameters."""
    document = api.get_openapi_schema()
    parts = document.get("components", {}).get("schemas", {})
    context = {
        "operations": list(_operations(document["paths"])),
        "parts": {name: _readable(schema) for name, schema in parts.items()},
    }
    return render(request, "api_docs.html", context)


def _operations(paths: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in paths.items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            yield Operation(
                method.upper(),
                path,
                operation["operationId"],
                operation.get("summary", ""),
                operation.get("description", ""),
                _readable(schema) if schema else "",
            )


def _readable(schema: Any) -> str:
    return json.dumps(schema, indent=2)
