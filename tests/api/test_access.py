"""P10 for programs: every route, asked by whoever may not. The routes are read from the application itself."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session

from lifecycle.actions import accounts, tokens
from lifecycle.queries import tokens as queries
from lifecycle.rules.tokens import SCOPE_WORDS
from lifecycle.store.tokens import hash_token
from lifecycle.vocabulary import OrganisationRole, Scope
from lifecycle.web.api.application import description_of
from tests.api.conftest import KEY, Client, Programs
from tests.factories import project
from tests.people import join

EXAMPLES = {
    "{key}": KEY,
    "{stage}": "discovery",
    "{gate}": "discovery",
    "{field}": "D12",
    "{source}": "1",
    "{review}": "1",
    "{release}": "1",
    "{other}": "2",
    "{incident}": "1",
    "{monitor}": "accuracy",
    "{reading}": "2026-01-01",
    "{change}": "r1",
}
# A project that somebody else began elsewhere, without any content.
DOCUMENT: dict[str, Any] = {
    "format": "lifecycle-project",
    "schema_version": 2,
    "project": {
        "key": "returns",
        "name": "Returns",
        "purpose": "",
        "organisation": "Depot",
        "stage": "discovery",
        "gate": "discovery",
        "furthest_stage": "discovery",
        "status": "active",
        "origin": "here",
        "adopted_at": None,
        "guide_version": "1",
        "stage_since": "2026-01-05T09:00:00.000000Z",
        "created_at": "2026-01-05T09:00:00.000000Z",
        "created_by": "p1",
        "archived_at": None,
        "merged_into": None,
        "revision": 1,
    },
    "people": [{"id": "p1", "name": "Somebody Elsewhere", "email": None, "erased": False}],
    "register_entry": None,
    "standing": None,
    **dict.fromkeys(
        ("members", "sources", "answers", "threads", "target_dates", "reviews", "sign_offs", "change_answers")
        + ("invalidations", "conditions", "waivers", "warning_reasons", "gate_decisions", "tier_choices")
        + ("delegations", "evidence", "shared_sources", "releases", "retirements", "incidents", "monitors"),
        (),
    ),
}
BODIES: dict[str, Any] = {
    "register_project": {"name": "Returns"},
    "edit_project": {"name": "Orders", "base": 1},
    "save_answer": {"value": "informs", "base": 0},
    "save_answers": {"answers": [{"field": "D12", "value": "informs", "base": 0}]},
    "add_source": {"name": "Feed"},
    "rename_source": {"name": "Feed", "base": 1},
    "save_source_answer": {"value": "vendor", "base": 0},
    "add_monitor": {"name": "Accuracy", "direction": "below", "threshold": 0.8},
    "push_readings": {"readings": [{"key": "2026-01-01", "value": 0.9}]},
    "push_reading": {"value": 0.9},
    "correct_reading": {"value": 0.9, "reason": "A late file"},
    "create_release": {"model_version": "1.0"},
    "step_release": {"move": "shadow"},
    "roll_back_release": {"reason": "Wrong totals"},
    "withdraw_release": {"reason": "Not needed"},
    "open_incident": {"title": "Wrong totals"},
    "note_incident": {"text": "Seen"},
    "fix_incident": {"cause": "Unit", "fix": "Converted"},
    "close_incident": {"text": "Check units"},
    "reopen_incident": {"text": "Still wrong"},
    "note_change": {"change": "Another vendor", "kind": "vendor", "changed_on": "2026-01-05"},
    "assess_change": {},
    "check_document": DOCUMENT,
    "import_project": DOCUMENT,
}
QUERIES = {"clear_answer": {"base": 0}, "clear_source_answer": {"base": 0}}
# Written out, not read from the product: a route that needs less than this opens something.
SCOPES = {
    "read_token": None,
    "register_project": Scope.PROJECTS_WRITE,
    "edit_project": Scope.PROJECTS_WRITE,
    **dict.fromkeys(
        ("save_answer", "save_answers", "clear_answer", "add_source", "rename_source", "remove_source"),
        Scope.WORKSHEETS_WRITE,
    ),
    "add_monitor": Scope.MONITORS_WRITE,
    **dict.fromkeys(("push_readings", "push_reading", "correct_reading"), Scope.READINGS_WRITE),
    **dict.fromkeys(
        ("open_incident", "take_on_incident", "note_incident", "fix_incident", "close_incident"),
        Scope.INCIDENTS_WRITE,
    ),
    "reopen_incident": Scope.INCIDENTS_WRITE,
    **dict.fromkeys(
        ("create_release", "step_release", "roll_back_release", "withdraw_release"), Scope.RELEASES_WRITE
    ),
    **dict.fromkeys(("save_source_answer", "clear_source_answer"), Scope.WORKSHEETS_WRITE),
    **dict.fromkeys(("note_change", "assess_change"), Scope.WORKSHEETS_WRITE),
    **dict.fromkeys(("check_document", "import_project"), Scope.PROJECTS_WRITE),
}
# Not about one project: what somebody without a role on any gets there.
BEYOND_PROJECTS = {
    "read_token": 200,
    "list_projects": 200,
    "register_project": 201,
    "list_activity": 200,
    "read_portfolio": 403,
    "read_heads": 403,
    "export_inventory": 200,
    "export_pack": 200,
    "check_document": 200,
    "import_project": 201,
}


def routes(programs: Programs) -> dict[str, tuple[str, str]]:
    """Operation -> method and path."""
    described = description_of(programs.site._api)
    return {
        told["operationId"]: (verb.upper(), path)
        for path, verbs in described["paths"].items()
        for verb, told in verbs.items()
    }


def ask(client: Client, operation: str, place: tuple[str, str], **details: Any) -> httpx.Response:
    method, path = place
    if "{source}" in path:
        path = path.replace("{field}", "X03")
    for name, example in EXAMPLES.items():
        path = path.replace(name, example)
    assert "{" not in path, f"name an example for {path}"
    body = {"json": BODIES[operation]} if operation in BODIES else {}
    return client(method, path, params=QUERIES.get(operation), **{**body, **details})


def is_problem(answer: httpx.Response, status: int) -> bool:
    told = answer.json()
    named = {"type", "title", "status", "detail", "request_id"} <= told.keys()
    return (
        answer.status_code == status == told["status"]
        and answer.headers["content-type"] == "application/problem+json"
        and named
        and "Traceback" not in answer.text
    )


def test_nobody_without_a_token_reaches_any_route(programs: Programs) -> None:
    nobody, found = programs.client(), routes(programs)
    assert len(found) > 25
    for operation, place in found.items():
        answer = ask(nobody, operation, place)
        assert is_problem(answer, 401), operation
        assert answer.headers["www-authenticate"].startswith("Bearer")
    for path in ("/api/docs", "/api/openapi.json"):
        assert nobody.get(path).status_code == 401


def test_session_of_a_browser_opens_the_description_and_no_operation(programs: Programs) -> None:
    with programs.database.write() as session:
        cookie = _session_of(session, programs)
    with_cookie = {"Cookie": f"lifecycle_session={cookie}"}
    for operation, place in routes(programs).items():
        assert is_problem(ask(programs.client(), operation, place, headers=with_cookie), 401), operation
    for path in ("/api/docs", "/api/openapi.json"):
        assert programs.client().get(path, headers=with_cookie).status_code == 200
        assert programs.client()("POST", path, headers=with_cookie).status_code == 401


def _session_of(session: Session, programs: Programs) -> str:
    return accounts.sign_in(
        session, at=datetime.now(UTC), person_key=programs.cast.pat.key, lasts=timedelta(days=1)
    )


def test_token_that_ended_reaches_nothing(programs: Programs) -> None:
    pat = programs.cast.pat
    long_ago = datetime.now(UTC) - timedelta(days=91)
    expired, revoked = programs.token(pat, at=long_ago), programs.token(pat)
    with programs.database.write() as session:
        number = max(found.id for found in programs_tokens(session, programs) if found.hint == revoked[:8])
        tokens.revoke(session, by=pat, at=datetime.now(UTC), token_id=number)
    for secret, why in ((expired, "expired on"), (revoked, "was revoked"), (f"{revoked}x", "no such token")):
        for operation, place in routes(programs).items():
            answer = ask(programs.client(secret), operation, place)
            assert is_problem(answer, 401), operation
            assert why in answer.json()["detail"]
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def programs_tokens(session: Session, programs: Programs) -> tuple[Any, ...]:
    return queries.own(session, by=programs.cast.pat, at=datetime.now(UTC))


def test_every_route_needs_exactly_its_scope(programs: Programs) -> None:
    clients = {
        scope: programs.acting_for(programs.cast.pat, [other for other in Scope if other is not scope])
        for scope in Scope
    }
    for operation, place in routes(programs).items():
        needed = SCOPES.get(operation, Scope.READ)
        if needed is None:
            continue
        answer = ask(clients[needed], operation, place)
        assert is_problem(answer, 403), operation
        assert f"lacks the scope {needed.value}" in answer.json()["detail"], operation


def test_whoever_may_not_see_the_project_learns_nothing_of_it(programs: Programs) -> None:
    """Nor does a token that is for another project: the same answer as for a project that does not exist."""
    stranger = programs.acting_for(programs.cast.olu)
    with programs.database.write() as session:
        other = project(session, programs.cast, "Elsewhere")
    restricted = programs.acting_for(programs.cast.pat, only_project_id=other)
    for operation, place in routes(programs).items():
        answer = ask(stranger, operation, place)
        if operation in BEYOND_PROJECTS:
            assert answer.status_code == BEYOND_PROJECTS[operation], operation
            assert "Orders" not in answer.text
            continue
        assert is_problem(answer, 404), operation
        assert is_problem(ask(restricted, operation, place), 404), operation
        if "{key}" in place[1]:
            unknown = ask(stranger, operation, (place[0], place[1].replace("{key}", "no-such")))
            assert unknown.json()["detail"] == answer.json()["detail"].replace(KEY, "no-such")
    listed = restricted.get("/projects").json()["items"]
    assert [each["key"] for each in listed] == ["elsewhere"]


def test_number_of_another_project_is_not_there_under_ones_own(programs: Programs) -> None:
    """Pat manages both: what is in Orders is still not found under the other's address, by number or by key."""
    pat = programs.acting_for(programs.cast.pat)
    with programs.database.write() as session:
        project(session, programs.cast, "Beyond")
    for operation, path in (
        ("add_source", "sources"),
        ("add_monitor", "monitors"),
        ("open_incident", "incidents"),
        ("push_readings", "monitors/accuracy/readings"),
    ):
        assert pat("POST", f"/projects/{KEY}/{path}", json=BODIES[operation]).status_code in (200, 201)
    inner = ("{source}", "{incident}", "{monitor}", "{review}", "{release}", "{reading}")
    asked = {
        operation: place
        for operation, place in routes(programs).items()
        if "{key}" in place[1] and any(name in place[1] for name in inner)
    }
    assert len(asked) > 10
    for operation, (method, path) in asked.items():
        answer = ask(pat, operation, (method, path.replace("{key}", "beyond")))
        assert answer.status_code == 404, (operation, answer.text)


def test_reader_of_a_project_changes_nothing(programs: Programs) -> None:
    with programs.database.write() as session:
        leader = join(session, programs.cast.ada, "Lea", OrganisationRole.LEADERSHIP)
    reader = programs.acting_for(leader)
    for operation, place in routes(programs).items():
        if place[0] == "GET" or operation in BEYOND_PROJECTS:
            continue
        answer = ask(reader, operation, place)
        assert answer.status_code in (403, 404), operation
    assert reader.get(f"/projects/{KEY}").status_code == 200


def test_no_secret_is_logged(programs: Programs, caplog: pytest.LogCaptureFixture) -> None:
    secret = programs.token(programs.cast.pat)
    with caplog.at_level(logging.DEBUG):
        programs.client(secret).get("/projects")
        programs.client(secret).get("/nothing")
    assert secret not in caplog.text
    assert hash_token(secret) not in caplog.text


def test_every_scope_has_words() -> None:
    assert set(SCOPE_WORDS) == set(Scope)
