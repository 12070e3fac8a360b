"""The example portfolio made by people who read another language: kept in English, read in both, judged alike.

And every page of it, drawn in that language: no word on it but what somebody wrote is untranslated.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session, col
from streamlit.testing.v1 import AppTest

from lifecycle import demo
from lifecycle.actions import accounts
from lifecycle.facts.editions import edition
from lifecycle.facts.projects import load_facts
from lifecycle.facts.standing import compute_standing, words_of
from lifecycle.language import ENGLISH, LANGUAGES, country_names, speaking
from lifecycle.rules.checks.evaluation import judge_all
from lifecycle.rules.readiness import readiness, top_obstacle
from lifecycle.store.base import metadata
from lifecycle.store.database import Database, open_database
from lifecycle.store.tables import PersonRow, Project, ProjectStanding
from lifecycle.ui import cache, identity, navigation
from lifecycle.vocabulary import Gate
from scripts.example import ADMINISTRATOR, SALES_CASE, build
from tests import pseudo
from tests.rules.building import guide as shipped
from tests.store.rows import all_rows
from tests.ui.conftest import FRAME

NOW = datetime.now(UTC)
SALES = "purchase-outlook-for-branches"
# Of each kind of standing one: what is said differs by what is in the way.
ONLY = (
    SALES_CASE,
    "Address check for letters",
    "Queue forecast for service desks",
    "Shelf gap finder",
)
# Names of things that are called so in every language.
NAMES = frozenset({"Lifecycle", "Webhook", "PDF", *LANGUAGES.values()})
COUNTRIES = frozenset(name.rstrip(")") for name in country_names("fr").values())
# Its article is cut off, and the bracket with it.
WITHOUT_ARTICLE = frozenset({"PNG picture"})
# A sentence is signed in the words in which it was read.
KEPT_AS_READ = {
    ("sign_off", "statement"),
    ("sign_off", "meaning"),
    ("project_standing", "retold"),
    ("standing_past", "retold"),
}


@pytest.fixture(scope="module")
def bracketed() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, pseudo.spoken(patch.setattr):
        # Loaded by a person it is in English, whoever asks; here its people read the other language.
        patch.setattr(demo, "speaking", lambda _: nullcontext())
        yield


@pytest.fixture(scope="module")
def address(bracketed: None, new_database: Callable[[], str]) -> str:
    url = new_database()
    build(url, ONLY)
    return url


@pytest.fixture(scope="module")
def built(address: str) -> Iterator[Database]:
    database = open_database(address)
    yield database
    database.dispose()


@pytest.fixture
def session(built: Database) -> Iterator[Session]:
    with built.read() as reading:
        yield reading


def _projects(session: Session) -> list[tuple[int, str]]:
    rows = session.execute(select(col(Project.id), col(Project.guide_version)).order_by(col(Project.id)))
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
        top = top_obstacle(ready, guide)
        said = ready.assessment.in_words(top).text if top else ""
        assert json.loads(here.project["retold"])["fr"]["top_blocker"] == said
        seen.add(top.code.partition(":")[0] if top else "")
    assert len(seen) > 3, "different kinds of blockers"


def test_list_says_it_in_the_language_of_its_reader(session: Session) -> None:
    rows = [row for row in session.execute(select(ProjectStanding)).scalars() if row.top_blocker]
    assert rows
    for row in rows:
        assert "⟦" in words_of(row, "top_blocker")
        with speaking(ENGLISH):
            assert words_of(row, "top_blocker") == row.top_blocker


@pytest.fixture(scope="module")
def written(built: Database) -> str:
    """All that is kept, as one text: whatever people wrote is in it."""
    with built.read() as reading:
        kept = {
            " ".join(value.replace('\\"', '"').replace("\\n", " ").split())
            for table in metadata.sorted_tables
            if table.name not in ("project_standing", "standing_past", "standing_history")
            for row in all_rows(reading, table)
            for value in row
            if isinstance(value, str)
        }
    return "\n".join(sorted(kept))


@pytest.fixture
def draw(address: str, built: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., AppTest]]:
    """`draw("gate", project="…")`: the page as the administrator of the example sees it."""
    monkeypatch.setenv("LIFECYCLE_DATABASE_URL", address)
    cache.forget_everything()
    with built.write() as session:
        key = session.execute(
            select(col(PersonRow.key)).where(col(PersonRow.name) == ADMINISTRATOR)
        ).scalar_one()
        token = accounts.sign_in(session, at=identity.now(), person_key=key, lasts=timedelta(days=1))
    monkeypatch.setattr(identity, "session_token", lambda: token)
    monkeypatch.setattr(identity, "_language_here", lambda: pseudo.CODE)

    def drawn(page: str, **query: str) -> AppTest:
        app = AppTest.from_file(str(FRAME), default_timeout=60)
        for run in (
            lambda: None,
            lambda: app.switch_page(str(navigation.ROOT / navigation.BY_NAME[page].file)),
        ):
            run()
            for name, value in query.items():
                app.query_params[name] = value
            app.run()
        return app

    yield drawn
    cache.database().dispose()
    cache.forget_everything()


def _untranslated(app: AppTest, written: str) -> set[str]:
    pieces = {" ".join(piece.split()) for text in pseudo.texts_of(app) for piece in pseudo.outside(text)}
    return {piece for piece in pieces if not _is_written(piece.replace("\\", ""), written)}


def _is_written(piece: str, written: str) -> bool:
    """Whether somebody wrote it; what stands in little room may be cut."""
    return piece in written or piece.removesuffix("…").strip() in written


@pytest.mark.parametrize("page", [page.name for page in navigation.existing()])
def test_page_says_everything_in_the_language_of_its_reader(
    page: str, draw: Callable[..., AppTest], written: str
) -> None:
    query = {"project": SALES} if navigation.BY_NAME[page].group == "project" else {}
    app = draw(page, **({"review": "1"} if page == "review" else query))
    assert not app.exception
    assert _untranslated(app, written) - NAMES - COUNTRIES - WITHOUT_ARTICLE == set()


def test_digests_of_reasons_do_not_depend_on_the_language(session: Session) -> None:
    """A reason is bound to what fails; C46 to C48 are told apart by what they say."""
    for project_id, version in _projects(session):
        guide = edition(session, shipped(), version)
        facts = load_facts(session, project_id, today=NOW.date(), guide=guide)
        here = [judgement.inputs_digest for judgement in judge_all(facts, guide)]
        with speaking(ENGLISH):
            assert here == [judgement.inputs_digest for judgement in judge_all(facts, guide.here())]
