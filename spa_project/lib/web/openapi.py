"""The parts of the OpenAPI document that Ninja cannot derive: bodies of commands, logins."""

from typing import Any

from spa_project.lib.commands import REGISTRY, Data

JSON_SCHEMAS = "#/components/schemas/{model}"


#: For the OpenAPI document: what only people who have logged in may ask, by any of these.
LOGIN_NEEDED: dict[str, Any] = {"security": [{"bearer": []}, {"token": []}, {"session": []}]}


#: And what visitors ask of one of several spas.
BRANCH_NAMED: dict[str, Any] = {
    "parameters": [{"name": "branch", "in": "query", "schema": {"type": "string"}}]
}


def command_schemas() -> dict[str, Any]:
    """The parts that the commands' request bodies refer to, for the OpenAPI document."""
    parts: dict[str, Any] = {}
    for command in REGISTRY.values():
        parts |= command.data.model_json_schema(ref_template=JSON_SCHEMAS).get("$defs", {})
    return parts


def described_body(data: type[Data]) -> dict[str, Any]:
    """A request body's part of the OpenAPI document."""
    schema = data.model_json_schema(ref_template=JSON_SCHEMAS)
    schema.pop("$defs", None)
    if "required" not in schema:  # then null says as much as no body at all
        schema = {"anyOf": [schema, {"type": "null"}]}
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}}
