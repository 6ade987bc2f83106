"""The parts of the OpenAPI document that Ninja cannot derive: bodies of commands, logins."""

from typing import Any

from spa_project.lib.commands import REGISTRY, Data

JSON_SCHEMAS = "#/components/schemas/{model}"


#: The security requirement of operations for logged-in people: any of these.
LOGIN_NEEDED: dict[str, Any] = {"security": [{"bearer": []}, {"token": []}, {"session": []}]}


#: The parameter with which visitors name one of several branches.
BRANCH_NAMED: dict[str, Any] = {
    "parameters": [{"name": "branch", "in": "query", "schema": {"type": "string"}}]
}


def command_schemas() -> dict[str, Any]:
    """Return the schemas that the commands' request bodies refer to."""
    parts: dict[str, Any] = {}
    for command in REGISTRY.values():
        parts |= command.data.model_json_schema(ref_template=JSON_SCHEMAS).get("$defs", {})
    return parts


def described_body(data: type[Data]) -> dict[str, Any]:
    """Return a request body's part of the OpenAPI document."""
    schema = data.model_json_schema(ref_template=JSON_SCHEMAS)
    schema.pop("$defs", None)
    if "required" not in schema:  # then null means the same as no body
        schema = {"anyOf": [schema, {"type": "null"}]}
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}}
