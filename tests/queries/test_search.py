"""Search finds what a person may read, by what was said and not by how it is stored, and leads to the place."""

from __future__ import annotations

import pytest

from lifecycle.actions import gates, projects
from lifecycle.queries.search import search
from lifecycle.store.database import Database
from lifecycle.vocabulary import Actor, AnswerState, Gate
from tests import factories
from tests.clock import START
from tests.rules.building import guide


@pytest.fixture
def told(database: Database) -> tuple[Database, factories.Cast]:
    with database.write() as session:
        cast = factories.cast(session, guide())
        project_id = factories.project(session, cast, "Reorder forecast")
        feed = factories.source(session, cast, project_id, "Weather ÉTÉ")
        factories.answer(
            session, cast, project_id, "D01", 'Planners say "100% of_all" is wrong\nevery Monday'
        )
        factories.answer(session, cast, project_id, "D12", "recommends")
        factories.answer(session, cast, project_id, "D05", {"value": "3 EUR"})
        factories.answer(session, cast, project_id, "X03", "vendor", source_id=feed)
        factories.answer(
            session, cast, project_id, "D18", None, state=AnswerState.NOT_APPLICABLE, reason="Nobody reads"
        )
        gates.add_condition(
            session,
            by=cast.pat,
            at=START,
            guide=cast.guide,
            project_id=project_id,
            gate=Gate.DISCOVERY,
            text="Name a second owner",
            owner="Pat",
            due_on=START.date(),
        )
        projects.register(session, by=cast.ada, at=START, guide=cast.guide, name="Secret planners")
    return database, cast


def _found(
    told: tuple[Database, factories.Cast], text: str, by: Actor | None = None
) -> list[tuple[str, str]]:
    database, cast = told
    with database.read() as session:
        found = search(session, by=by or cast.pat, guide=cast.guide, text=text)
    return [(hit.kind, hit.key or hit.title) for hit in found.hits]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("planners", [("answer", "D01")]),
        ("MONDAY planners", [("answer", "D01")]),
        ("planners friday", []),
        ("100% of_all", [("answer", "D01")]),
        ("of%all", []),
        ('"100%', [("answer", "D01")]),
        ("recommends an action", [("answer", "D12")]),
        ("nobody reads", [("answer", "D18")]),
        ("second owner", [("condition", "Condition at Discovery")]),
        ("reorder", [("project", "Reorder forecast")]),
        ("sales", [("project", "Reorder forecast")]),
        ("été", [("source", "Weather ÉTÉ")]),
        ("currency", []),
        ("a", []),
        ("secret", []),
    ],
)
def test_words_lead_to_their_places(
    told: tuple[Database, factories.Cast], text: str, places: list[tuple[str, str]]
) -> None:
    assert _found(told, text) == places


def test_answers_about_a_source_lead_to_its_record(told: tuple[Database, factories.Cast]) -> None:
    label = guide().field("X03").columns[0].choices["vendor"]
    ((kind, key),) = _found(told, label)
    assert (kind, key.partition("@")[0], key.partition("@")[2].isdecimal()) == ("answer", "X03", True)


def test_each_sees_their_own(told: tuple[Database, factories.Cast]) -> None:
    assert ("project", "Secret planners") in _found(told, "planners", told[1].ada)
    assert _found(told, "planners", told[1].olu) == []
