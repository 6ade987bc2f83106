"""B9: requests that follow the OpenAPI document, or just not, are answered as documented."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as tries
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from spa_project.api import api
from spa_project.lib.commands import REGISTRY
from spa_project.tests.hostile.clients import taken_back
from spa_project.tests.hostile.visits import STATUSES, Asker, Whose
from spa_project.tests.hostile.volume import volume

pytestmark = pytest.mark.django_db
CHECKS: list[Any] = [
    schemathesis.checks.not_a_server_error,
    content_type_conformance,
    status_code_conformance,
    response_schema_conformance,
    negative_data_rejection,
    ignored_auth,
]
DOCUMENT: Any = schemathesis.openapi.from_dict(json.loads(json.dumps(api.get_openapi_schema())))
OPERATIONS: dict[str, Any] = {
    result.ok().definition.raw["operationId"]: result.ok()
    for result in DOCUMENT.get_all_operations()
}


@pytest.fixture
def application() -> Iterator[Any]:
    """Return the ASGI application with the test's connection, which stays open between requests."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    DOCUMENT.app = get_wsgi_application()
    yield DOCUMENT.app
    for signal in signals:
        signal.connect(close_old_connections)


def _takes_something(operation: Any) -> bool:
    return "requestBody" in operation.definition.raw


#: Input that an operation accepts and, where it accepts any, input that it does not.
CASES = [
    (name, mode)
    for name, operation in OPERATIONS.items()
    for mode in GenerationMode
    if mode == GenerationMode.POSITIVE or _takes_something(operation)
]


@pytest.mark.sample(40)
@pytest.mark.slow
@pytest.mark.parametrize(("name", "mode"), CASES)
def test_an_operation_keeps_its_word(application, floor, caplog, name, mode):
    for status in STATUSES[:3]:
        floor.visit(status, Whose.OWN if status != STATUSES[1] else Whose.COLLEAGUES)
    operation = OPERATIONS[name]
    headers = _login_for(operation, floor)

    @given(case=operation.as_strategy(generation_mode=mode))
    @tries(
        max_examples=volume(25, 300) // 2 + 1,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    def ask(case: Any) -> None:
        with taken_back():
            case.call_and_validate(headers=headers, checks=CHECKS, app=application)

    ask()
    assert [record for record in caplog.records if record.exc_info] == []


def _login_for(operation: Any, floor: Any) -> dict[str, str]:
    if not operation.definition.raw.get("security"):
        return {}
    name = operation.definition.raw["operationId"]
    till = "cashier" in name
    manages = name == "manager_cancel"
    asker = Asker.CASHIER if till else Asker.MANAGER if manages else Asker.THERAPIST
    return {"Authorization": f"Bearer {floor.tokens[asker]}"}


@pytest.mark.parametrize("body", ["customer_confirm_selection", "staff_cancel"])
def test_the_schemas_refuse_what_is_empty(body):
    fields = REGISTRY[body].data.model_json_schema()["properties"]
    least = fields["items"]["minItems"] if "items" in fields else fields["reason"]["minLength"]
    assert least == 1
