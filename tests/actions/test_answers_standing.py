"""What saving an answer hands to the standing, and what it leaves alone there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from lifecycle.actions import answers
from lifecycle.facts.projects import load_facts
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.store.database import Database
from tests import factories
from tests.clock import START
from tests.rules.building import guide
from tests.statements import statements


@pytest.mark.parametrize(
    ("field_id", "first", "second"),
    [
        pytest.param("D37", "2027-01-15", "2027-06-15", id="a field with a history"),
        pytest.param("D28", {"privacy": "@{olu}"}, {"privacy": "@{pat}"}, id="a field that names a person"),
        pytest.param("D33", "1", "3", id="a choice"),
    ],
)
def test_standing_is_computed_from_facts_as_they_are_read_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch, field_id: str, first: Any, second: Any
) -> None:
    handed: list[ProjectFacts] = []
    monkeypatch.setattr(answers, "refresh_standing", lambda *_, facts, **__: handed.append(facts))
    with database.write() as session:
        cast = factories.cast(session, guide())
        project_id = factories.project(session, cast)
        for days, raw in enumerate((first, second)):
            at = START + timedelta(days=days)
            factories.answer(session, cast, project_id, field_id, _with_keys(raw, cast), at=at)
        read = load_facts(session, project_id, guide=cast.guide, today=handed[-1].today)
    assert handed[-1] == read
    assert len(handed) == 2


def test_standing_rows_are_written_only_when_they_change(database: Database) -> None:
    with database.write() as session:
        cast = factories.cast(session)
        project_id = factories.project(session, cast)
        factories.answer(session, cast, project_id, "D01", "Planners phone round")
        assert "standing" in _written_by(session, cast, project_id, "D12", "recommends")
        written = _written_by(session, cast, project_id, "D01", "Planners phone round twice")
    assert written == ["answer", "current_answer", "event", "chain_head"]


def _with_keys(raw: Any, cast: factories.Cast) -> Any:
    if not isinstance(raw, dict):
        return raw
    return {part: text.format(olu=cast.olu.key, pat=cast.pat.key) for part, text in raw.items()}


def _written_by(
    session: Session, cast: factories.Cast, project_id: int, field_id: str, raw: object
) -> list[str]:
    """The tables that one save writes, in order."""
    with statements(session) as sent:
        factories.answer(session, cast, project_id, field_id, raw)
    words = [statement.replace('"', "").split() for statement in sent]
    return [word[2] if word[0] != "UPDATE" else word[1] for word in words if word[0] != "SELECT"]
