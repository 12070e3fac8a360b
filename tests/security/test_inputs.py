"""Patterns, filters, names and log lines under hostile input."""

from __future__ import annotations

import logging
import pkgutil
import re
import time
from datetime import UTC, datetime
from importlib import import_module

import pytest

import lifecycle
from lifecycle.actions import tokens
from lifecycle.queries.search import search
from lifecycle.store.database import Database
from lifecycle.store.tables import Project
from lifecycle.vocabulary import Scope
from lifecycle.web.refusals import note_refusal
from tests.factories import cast, project
from tests.security.conftest import Place

SCRIPTS = {"lifecycle.ui.frame"}  # runs when it is imported
LENGTH, SECONDS = 600, 0.15
# Each makes some careless pattern try every way to split it.
ENDLESS = (
    "a", " ", "\t", "\n", "1", "-", "_", ".", "*", "[", "(", "<", "\\", "/", "@", "a@", "a.", "1.", "a ", " a", "\n ",
    "![", "](", ":a", "a:", "1-", "é", "\u200b", "%", "=", '"', "',", "a,", "{", "&a;", "|", "|-", "a-1",
)  # fmt: skip


def test_no_pattern_takes_more_than_a_moment() -> None:
    """Every pattern that the product has compiled, against long texts without a match at their end."""
    patterns = {
        value
        for module in pkgutil.walk_packages(lifecycle.__path__, "lifecycle.")
        if not module.name.endswith("__main__")
        and ".migrations" not in module.name
        and module.name not in SCRIPTS
        for value in vars(import_module(module.name)).values()
        if isinstance(value, re.Pattern) and isinstance(value.pattern, str)
    }
    assert len(patterns) > 40
    slow = []
    for pattern in patterns:
        for piece in ENDLESS:
            text = piece * (LENGTH // len(piece)) + "\x00!"
            started = time.thread_time()
            pattern.search(text)
            pattern.fullmatch(text)
            if time.thread_time() - started > SECONDS:
                slow.append((pattern.pattern[:80], piece))
    assert sorted(slow) == []


@pytest.mark.parametrize(
    "text",
    [
        "' OR 1=1 --",
        "'; DROP TABLE project; --",
        "%",
        "_",
        "\\",
        '" OR ""="',
        "x' UNION SELECT password_hash FROM person --",
    ],
)
def test_words_of_a_search_are_words_and_no_sql(database: Database, text: str) -> None:
    with database.write() as session:
        everybody = cast(session)
        project(session, everybody)
        assert not search(session, by=everybody.pat, text=text, guide=everybody.guide).hits
        assert session.get(Project, 1) is not None


@pytest.mark.parametrize(
    "query",
    [
        "sort=name'--",
        "stage=discovery' OR '1'='1",
        "organisation=%27%3BDROP%20TABLE%20project%3B--",
        "sort=name;select 1",
    ],
)
def test_filters_in_an_address_are_values_and_no_sql(place: Place, query: str) -> None:
    with place.database.write() as session:
        pat = place.cast.pat
        made = tokens.create(
            session, by=pat, at=datetime.now(UTC), person_key=pat.key, name="Test", scopes=[Scope.READ]
        )
    program, bearer = place.browser(), {"Authorization": f"Bearer {made.secret}"}
    answer = program.get(f"/api/v1/projects?{query}", headers=bearer)
    assert answer.status_code in (200, 400, 422), answer.text
    assert len(program.get("/api/v1/projects", headers=bearer).json()["items"]) == 2


def test_way_in_logs_no_secret(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    token = place.signed_in(place.cast.pat)
    secrets = (token, "three quiet green rivers", "a" * 43)
    with caplog.at_level(logging.DEBUG, logger="lifecycle"):
        client = place.browser()
        client.cookies.set("lifecycle_session", token)
        form = client.get("/sign-out").text.partition('name="form_token" value="')[2].partition('"')[0]
        client.post("/sign-in", data={"form_token": form, "email": "pat@example.org", "password": secrets[1]})
        client.post("/password", data={"form_token": form, "current": secrets[1], "password": secrets[1] * 2})
        client.get(f"/reset/{secrets[2]}")
        client.get(f"/invitation/{secrets[2]}")
        note_refusal("actions.test", place.cast.pat.key, ValueError(token))  # type: ignore[arg-type]
    assert not any(secret in caplog.text for secret in secrets)
