"""The example portfolio, built once for all tests here: on a Sunday, so that no story may depend on a weekday."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.demo import ExampleSummary, build_example
from lifecycle.demo.content import SAMPLES, read_samples
from lifecycle.errors import Forbidden, Invalid, Refused
from lifecycle.events import ORGANISATION, chain_stamp, verify_all
from lifecycle.facts.projects import load_facts
from lifecycle.facts.standing import rebuild_standing
from lifecycle.language import speaking
from lifecycle.queries.checks import checks_at
from lifecycle.queries.people import has_administrator, people
from lifecycle.queries.portfolio import PortfolioRow, rows
from lifecycle.rules.project_facts import AnswerFact, ProjectFacts
from lifecycle.rules.readiness import early_planning_index
from lifecycle.store.base import metadata
from lifecycle.store.database import Database, open_database
from lifecycle.store.files import Folder
from lifecycle.store.tables import Event, PersonRow, Project, Review, SignOff
from lifecycle.store.verification import verify_session
from lifecycle.vocabulary import (
    COMMAND_LINE,
    REVIEWERS,
    Actor,
    AnswerState,
    CheckResult,
    Gate,
    OrganisationRole,
    Role,
)
from tests.rules.building import guide
from tests.store.rows import all_rows

NOW = datetime(2027, 2, 28, 5, 30, tzinfo=UTC)

# name: stage, gate, status, tier, level
STANDS = {
    "Parking guidance for depots": ("discovery", "discovery", "active", None, "not_started"),
    "Heating by room bookings": ("discovery", "discovery", "active", 1, "in_progress"),
    "Sorting of complaints": ("discovery", "discovery", "active", 2, "waiting"),
    "Purchase outlook for branches": ("discovery", "discovery", "active", 2, "blocked"),
    "Delivery windows at checkout": ("feasibility", "feasibility", "active", 2, "in_progress"),
    "Credit limits for trade customers": ("feasibility", "feasibility", "active", 4, "in_progress"),
    "Photo triage of water damage": ("feasibility", "feasibility", "active", 3, "blocked"),
    "Early warning of resignations": ("feasibility", "feasibility", "stopped", 3, "in_progress"),
    "Substation fault alert": ("design", "design", "active", 3, "conditional"),
    "Second look at invoices": ("model", "model", "active", 2, "waiting"),
    "Spare parts for lifts": ("model", "model", "active", 1, "blocked"),
    "Day-ahead energy purchase": ("production", "launch", "rollout", 3, "conditional"),
    "Queue forecast for service desks": ("production", "launch", "rollout", 1, "ready"),
    "Shelf gap finder": ("production", "operate", "live", 1, "waiting"),
    "Address check for letters": ("production", "operate", "retired", 1, "blocked"),
}

SALES_CASE = "Purchase outlook for branches"
SAYS = {
    "C01": "The output looks 3 months ahead, but acting on it takes 6 months: the window is over by then."
    " Look further ahead or shorten the action.",
    "C03": "Consumers need the answer on the spot, within 10 seconds, but the plan computes it every 1 month."
    " Serve it live, compute it more often, or agree on a slower need.",
    "C12": "Household moves feed is supplied by others (vendor), nothing takes its place if it stops, and the"
    " product has no fallback. Name a substitute or a fallback.",
    "C44": "4,160 people must know how to use this and no training is planned."
    " Plan whom you train, with what and by when.",
}


@pytest.fixture(scope="module")
def built(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Database, ExampleSummary]]:
    database = open_database(new_database())
    files = Folder(tmp_path_factory.mktemp("evidence"))
    yield database, build_example(database, guide(), files, by=COMMAND_LINE, now=NOW)
    database.dispose()


@pytest.fixture
def session(built: tuple[Database, ExampleSummary]) -> Iterator[Session]:
    with built[0].read() as reading:
        yield reading


def _leader(session: Session) -> Actor:
    leaders = [
        person for person in people(session) if person.organisation_role is OrganisationRole.LEADERSHIP
    ]
    return Actor(leaders[0].key, leaders[0].name, OrganisationRole.LEADERSHIP)


def _portfolio(session: Session) -> dict[str, PortfolioRow]:
    found = rows(session, by=_leader(session), today=NOW.date(), size=100)
    return {row.name: row for row in found.rows}


def _project(session: Session, name: str) -> int:
    return session.execute(select(col(Project.id)).where(col(Project.name) == name)).scalar_one() or 0


def _facts(session: Session, name: str) -> ProjectFacts:
    return load_facts(session, _project(session, name), guide=guide(), today=NOW.date())


# ---------------------------------------------------------------- what it shows


def test_example_shows_every_stage_and_state_to_leadership(session: Session) -> None:
    stands = {
        name: (row.stage, row.gate, row.status, row.tier, row.level)
        for name, row in _portfolio(session).items()
    }
    assert stands == STANDS


def test_sales_case_is_found_out_before_anybody_trains_a_model(session: Session) -> None:
    states = checks_at(
        session, guide=guide(), project_id=_project(session, SALES_CASE), gate=Gate.DISCOVERY, at=NOW
    )
    said = {
        state.check_id: state.messages
        for state in states
        if state.check_id in SAYS and state.result is CheckResult.FAILS
    }
    assert said == {check_id: (sentence,) for check_id, sentence in SAYS.items()}
    shown = _portfolio(session)[SALES_CASE]
    assert shown.top_blocker == SAYS["C01"]
    assert not any(name.startswith("M") for name in _facts(session, SALES_CASE).answers)


def test_stories_leave_the_traces_they_tell_of(session: Session) -> None:
    shown = _portfolio(session)
    assert shown["Sorting of complaints"].waiting_role is Role.LEGAL
    assert shown["Substation fault alert"].stale == 3  # one role, at the three gates it decided
    assert shown["Spare parts for lifts"].overdue == 1
    assert shown["Photo triage of water damage"].overdue >= 3
    assert {"recycle", "stop", "go", "go_with_conditions"} == _outcomes(session)
    assert {row[0] for row in session.execute(select(col(SignOff.decision)))} >= {
        "approved",
        "approved_with_conditions",
        "changes_requested",
        "rejected",
        "acknowledged",
        "opinion",
    }
    assert shown["Second look at invoices"].debt == 3  # one open production question, three gates passed
    energy = _facts(session, "Day-ahead energy purchase")
    assert [(waiver.check_id, (waiver.expires_on - NOW.date()).days < 15) for waiver in energy.waivers] == [
        ("C05", True)
    ]
    assert (early_planning_index(energy, guide()) or 0) < 1


def _outcomes(session: Session) -> set[str]:
    decisions = metadata.tables["gate_decision"].c.outcome
    return set(session.execute(select(decisions)).scalars())


def test_all_six_reviewers_and_an_approver_have_decided_something(session: Session) -> None:
    assert {row[0] for row in session.execute(select(col(SignOff.role)))} == {*REVIEWERS, Role.APPROVER}
    asked = session.execute(select(col(Review.requested_by), col(Review.person_key))).all()
    assert all(by != person for by, person in asked)


# ---------------------------------------------------------------- how it was made


def test_history_is_intact_and_lies_within_the_past_year(session: Session) -> None:
    assert verify_all(session) == []
    events = session.execute(select(Event)).scalars().all()
    of_projects = sorted(event.at for event in events if event.chain != ORGANISATION)
    assert of_projects[0] > (NOW - timedelta(days=368)).isoformat()
    assert of_projects[0] < (NOW - timedelta(days=330)).isoformat()
    assert of_projects[-1] < NOW.isoformat()
    assert not [event.subject for event in events if "clock_said" in json.loads(event.detail)]
    assert [event.action for event in events].count("demo.built") == 1


def test_every_row_of_the_example_is_vouched_for(session: Session) -> None:
    found = verify_session(session)
    assert (found.row_faults, found.chain_faults, found.not_vouched) == ((), (), 0)


def test_summary_counts_what_is_there(built: tuple[Database, ExampleSummary], session: Session) -> None:
    summary = built[1]
    assert summary.as_json() == {
        "projects": len(STANDS),
        "people": len(people(session)),
        "events": chain_stamp(session),
    }
    assert f"{len(STANDS)} fictional products" in summary.sentence


def test_nobody_of_the_example_can_sign_in_or_administer(session: Session) -> None:
    accounts = session.execute(select(PersonRow)).scalars().all()
    assert all(person.password_hash is None for person in accounts)
    assert all((person.email or "").endswith(".example") for person in accounts)
    assert not has_administrator(session)


def test_answers_point_at_rows_sources_and_people_that_exist(session: Session) -> None:
    checked = {name: _pointers(_facts(session, name)) for name in STANDS}
    dangling = {name: [text for text, there in found if not there] for name, found in checked.items()}
    assert {name: found for name, found in dangling.items() if found} == {}
    assert sum(len(found) for found in checked.values()) > 100
    named = session.execute(select(metadata.tables["current_answer"].c.value)).scalars()
    keys = {person.key for person in people(session)}
    assert all(word.split('"')[0] in keys for value in named if value for word in value.split('"@')[1:])


def _pointers(facts: ProjectFacts) -> list[tuple[str, bool]]:
    sources = {f"source/{source.id}" for source in facts.sources}
    found = []
    for answers in (facts.answers, *(source.answers for source in facts.sources)):
        for field_id, fact in answers.items():
            for text in _references(field_id, fact):
                target, _, row = text.partition("/")
                there = text in sources if target == "source" else row in _row_ids(facts.answer(target))
                found.append((f"{field_id} → {text}", there))
    return found


def _references(field_id: str, fact: AnswerFact) -> Iterator[str]:
    if fact.state is not AnswerState.ANSWERED:
        return
    field = guide().field(field_id)
    pointing = [part.id for part in field.columns if part.type in ("reference", "references")]
    for row in fact.value if field.kind == "rows" else ():
        for part in pointing:
            given = row.get(part) or ()
            yield from (given,) if isinstance(given, str) else given


def _row_ids(fact: AnswerFact | None) -> set[str]:
    return {row["id"] for row in fact.value} if fact and fact.state is AnswerState.ANSWERED else set()


def test_standing_kept_while_building_equals_the_one_rebuilt_from_rows(
    built: tuple[Database, ExampleSummary],
) -> None:
    tables = [metadata.tables[name] for name in ("standing", "project_standing")]
    with built[0].write() as writing:
        kept = [sorted(all_rows(writing, table), key=str) for table in tables]
        rebuild_standing(writing, guide=guide(), at=NOW)
        rebuilt = [sorted(all_rows(writing, table), key=str) for table in tables]
    assert [len(each) for each in kept] == [6 * len(STANDS), len(STANDS)]
    assert rebuilt == kept


def test_standing_says_since_when_a_condition_is_overdue(session: Session) -> None:
    blocked = _portfolio(session)["Spare parts for lifts"]
    (condition,) = _facts(session, "Spare parts for lifts").conditions
    assert blocked.since
    assert blocked.since.date() == condition.due_on + timedelta(days=1)


# ---------------------------------------------------------------- refusals


def test_example_is_refused_where_projects_are(
    built: tuple[Database, ExampleSummary], tmp_path: Path
) -> None:
    with built[0].read() as before:
        stamp = chain_stamp(before)
    with pytest.raises(Refused, match="without projects"):
        build_example(built[0], guide(), Folder(tmp_path), by=COMMAND_LINE, now=NOW)
    with built[0].read() as after:
        assert chain_stamp(after) == stamp


def test_example_is_the_same_whoever_asks_for_it(
    built: tuple[Database, ExampleSummary], database: Database, tmp_path: Path
) -> None:
    with speaking("fr"):
        made = build_example(database, guide().here(), Folder(tmp_path), by=COMMAND_LINE, now=NOW)
    assert made == built[1]
    happened = select(col(Event.chain), col(Event.sequence), col(Event.at), col(Event.action)).order_by(
        col(Event.chain), col(Event.sequence)
    )
    with database.read() as here, built[0].read() as there:
        assert here.execute(happened).all() == there.execute(happened).all()


def test_example_is_refused_to_whoever_is_no_administrator(database: Database, tmp_path: Path) -> None:
    member = Actor("person-x", "Somebody", OrganisationRole.MEMBER)
    with pytest.raises(Forbidden):
        build_example(database, guide(), Folder(tmp_path), by=member, now=NOW)
    with database.read() as session:
        assert chain_stamp(session) == 0


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("name: Half a story\n", "half.yaml › purpose"),
        ("name: [unclosed\n", "half.yaml: cannot be read"),
        ("- a list\n", "half.yaml: must hold lines"),
    ],
)
def test_mistake_in_a_story_names_the_file(tmp_path: Path, written: str, sentence: str) -> None:
    shutil.copytree(SAMPLES, tmp_path, dirs_exist_ok=True)
    (tmp_path / "projects" / "half.yaml").write_text(written, encoding="utf-8")
    with pytest.raises(Invalid, match=sentence):
        read_samples(tmp_path)


def test_stories_are_told_in_the_order_of_time() -> None:
    for story in read_samples().stories:
        days = [story.registered, *(step.ago for step in story.steps)]
        assert days == sorted(days, reverse=True), story.name
