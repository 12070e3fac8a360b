"""The example portfolio made by people who read another language: kept in English, read in both, judged alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.demo import build_example
from lifecycle.facts.editions import edition
from lifecycle.facts.projects import load_facts
from lifecycle.facts.standing import compute_standing, words_of
from lifecycle.language import ENGLISH, speaking
from lifecycle.rules.checks.evaluation import judge_all
from lifecycle.rules.readiness import readiness, top_blocker
from lifecycle.store.base import metadata
from lifecycle.store.database import Database, open_database
from lifecycle.store.files import Folder
from lifecycle.store.tables import Project, ProjectStanding
from lifecycle.vocabulary import COMMAND_LINE, Gate
from tests import pseudo
from tests.rules.building import guide as shipped
from tests.store.rows import all_rows

NOW = datetime(2027, 2, 28, 5, 30, tzinfo=UTC)
# A sentence is signed in the words in which it was read.
KEPT_AS_READ = {
    ("sign_off", "statement"),
    ("project_standing", "retold"),
    ("standing_past", "retold"),
}


@pytest.fixture(scope="module")
def bracketed() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, pseudo.spoken(patch.setattr):
        yield


@pytest.fixture(scope="module")
def built(
    bracketed: None, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    database = open_database(new_database())
    files = Folder(tmp_path_factory.mktemp("evidence"))
    build_example(database, shipped(), files, by=COMMAND_LINE, now=NOW)
    yield database
    database.dispose()


@pytest.fixture
def session(built: Database) -> Iterator[Session]:
    with built.read() as reading:
        yield reading


def _projects(session: Session) -> list[tuple[int, str]]:
    rows = session.execute(
        select(col(Project.id), col(Project.guide_version)).where(col(Project.adopted_at).is_not(None))
    )
    return [(project_id or 0, version) for project_id, version in rows]


def test_nothing_is_kept_in_the_language_of_whoever_wrote_it(session: Session) -> None:
    found = {
        (table.name, column.name, value[max(0, value.index("⟦") - 60) :][:160])
        for table in metadata.sorted_tables
        for row in all_rows(session, table)
        for column, value in zip(table.columns, row, strict=True)
        if isinstance(value, str) and "⟦" in value and (table.name, column.name) not in KEPT_AS_READ
    }
    assert found == set()


def test_standing_is_the_same_whoever_works_it_out(built: Database, session: Session) -> None:
    """The very row, what it says in the other language included; and that is what the rules say in that language."""
    seen = set()
    for project_id, version in _projects(session):
        guide = edition(session, shipped(), version)
        facts = load_facts(session, project_id, today=NOW.date(), guide=guide)
        here = compute_standing(session, project_id, facts, guide, NOW)
        with speaking(ENGLISH):
            there = compute_standing(session, project_id, facts, guide.here(), NOW)
        assert here == there
        ready = readiness(facts, guide, facts.gate or Gate.DISCOVERY)
        top = top_blocker(ready, guide)
        assert json.loads(here.project["retold"])["fr"]["top_blocker"] == (top.text if top else "")
        seen.add(top.code.partition(":")[0] if top else "")
    assert len(seen) > 3, "different kinds of blockers"


def test_list_says_it_in_the_language_of_its_reader(session: Session) -> None:
    rows = [row for row in session.execute(select(ProjectStanding)).scalars() if row.top_blocker]
    assert rows
    for row in rows:
        assert words_of(row, "top_blocker").startswith(("⟦", "Condition")) or "⟦" in words_of(
            row, "top_blocker"
        )
        with speaking(ENGLISH):
            assert words_of(row, "top_blocker") == row.top_blocker


def test_digests_of_reasons_do_not_depend_on_the_language(session: Session) -> None:
    """A reason is bound to what fails; C46 to C48 are told apart by what they say."""
    for project_id, version in _projects(session):
        guide = edition(session, shipped(), version)
        facts = load_facts(session, project_id, today=NOW.date(), guide=guide)
        here = [judgement.inputs_digest for judgement in judge_all(facts, guide)]
        with speaking(ENGLISH):
            assert here == [judgement.inputs_digest for judgement in judge_all(facts, guide.here())]
