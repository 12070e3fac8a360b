"""Every operation, asked by schemathesis what its description allows and what it does not: never a server error.

The seed is fixed and the examples are few; `LIFECYCLE_FUZZ_EXAMPLES` asks for more of them.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from lifecycle.settings import Settings
from lifecycle.vocabulary import Gate, Role
from lifecycle.web.api.application import description_of, make_application
from lifecycle.web.api.asking import House
from tests import factories as make
from tests.api.conftest import KEY, Client, Programs
from tests.rules.building import guide as shipped_guide

EXAMPLES = int(os.environ.get("LIFECYCLE_FUZZ_EXAMPLES", "4"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# What is there, so that not every address leads nowhere.
THERE: dict[str, Any] = {
    "key": KEY,
    "source": 1,
    "review": 1,
    "monitor": "accuracy",
    "incident": 1,
    "change": "r1",
}

FIELDS, SOURCE_FIELDS = (
    st.sampled_from(
        [field.id for field in shipped_guide().fields.values() if field.is_of_source is of_source]
    )
    for of_source in (False, True)
)
BASES = st.integers(0, 3)


def _description() -> dict[str, Any]:
    """Of an application that is never asked: the description needs no database."""
    settings_, nothing = Settings("sqlite:////nowhere/x.db"), None
    return description_of(make_application(House(nothing, settings_, shipped_guide)))  # type: ignore[arg-type]


SCHEMA = schemathesis.openapi.from_dict(_description())
OPERATIONS = {found.ok().definition.raw["operationId"]: found.ok() for found in SCHEMA.get_all_operations()}


@pytest.fixture(scope="module")
def fuzzed(prepared: Programs) -> Client:
    """A program with every scope, for an administrator who manages a project that has something of everything."""
    with prepared.database.write() as session:
        everybody, project_id = prepared.cast, prepared.project_id
        make.source(session, everybody, project_id)
        make.ask(session, everybody, project_id, Gate.DISCOVERY, Role.PRIVACY)
    client = prepared.acting_for(prepared.cast.pat)
    watched = {"name": "Accuracy", "direction": "below", "threshold": 0.8}
    assert client("POST", f"/projects/{KEY}/monitors", json=watched).status_code == 201
    changed = {"change": "A new feed", "kind": "vendor", "changed_on": "2026-01-05"}
    assert client("POST", f"/projects/{KEY}/changes", json=changed).json()["id"] == "r1"
    assert client("POST", f"/projects/{KEY}/incidents", json={"title": "Wrong totals"}).json()["id"] == 1
    return client


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_no_request_ends_in_a_server_error(fuzzed: Client, operation: str, mode: GenerationMode) -> None:
    cases = OPERATIONS[operation].as_strategy(generation_mode=mode)

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, known=st.booleans(), field=FIELDS, source_field=SOURCE_FIELDS, base=BASES)
    def hold(case: Any, known: bool, field: str, source_field: str, base: int) -> None:
        if known:
            here = {**THERE, "field": source_field if "source" in case.path_parameters else field}
            case.path_parameters |= {name: here[name] for name in case.path_parameters if name in here}
            if isinstance(case.body, dict) and "base" in case.body:
                case.body["base"] = base
        sent = case.as_transport_kwargs(base_url="http://test/api/v1")
        body = sent.get("data") or sent.get("content")
        answer = fuzzed(
            sent["method"],
            sent["url"].removeprefix("http://test"),
            params=sent.get("params"),
            **({"content": body} if body is not None else {"json": sent["json"]} if "json" in sent else {}),
            headers={name: text for name, text in sent["headers"].items() if name.lower() != "authorization"},
        )
        case.validate_response(answer, checks=CHECKS)

    hold()
