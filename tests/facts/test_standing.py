"""Standing rows follow every change, keep since when, and can be rebuilt to the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from lifecycle.facts.projects import load_facts
from lifecycle.facts.standing import compute_standing, rebuild_standing, refresh_standing
from lifecycle.rules.readiness import readiness
from lifecycle.rules.signoffs import cover
from lifecycle.store.base import metadata
from lifecycle.store.database import Database, open_database
from lifecycle.store.tables import Condition, Organisation, Project, ProjectStanding, Standing, TargetDate
from lifecycle.vocabulary import AnswerState, Gate, Level, Role
from tests.clock import START
from tests.facts import rows
from tests.rules.building import guide
from tests.rules.worksheets import guide_with
from tests.store.rows import all_rows
from tests.trials import trials

NO_CHECKS = guide_with()
TODAY = START.date()
TABLES = [metadata.tables[name] for name in ("standing", "project_standing")]
HISTORY = metadata.tables["standing_history"]


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def refresh(session: Session, project_id: int, at: datetime = START) -> ProjectStanding:
    refresh_standing(session, project_id, guide=NO_CHECKS, at=at)
    session.expire_all()
    found = session.get(ProjectStanding, project_id)
    assert found is not None
    return found


def history(session: Session) -> list[Any]:
    return [json.loads(str(row[3])) for row in all_rows(session, HISTORY)]


@pytest.fixture
def session(database: Database) -> Any:
    with database.write() as opened:
        rows.add_people(opened, "pat", "ria", "bo")
        yield opened


def test_refresh_writes_six_gates_and_the_project(session: Session) -> None:
    project_id = rows.add_project(session, gate=Gate.FEASIBILITY)
    rows.answer(session, project_id, "D09", {"option": "rule", "why": "Too coarse"})

    found = refresh(session, project_id)

    facts = load_facts(session, project_id, today=TODAY, guide=NO_CHECKS)
    for gate in Gate:
        row, ready = session.get(Standing, (project_id, gate.value)), readiness(facts, NO_CHECKS, gate)
        assert row is not None
        assert (row.level, row.weakest, row.answers) == (ready.level, ready.weakest, ready.shares["answers"])
        assert (row.blockers, row.since) == (len(ready.blockers), START)
    assert (found.gate, found.level, found.readiness) == ("feasibility", "not_started", 0)
    assert (found.early_index, found.debt, found.open_questions) == (None, 0, 24)


def test_project_of_a_register_has_no_standing_until_adopted(session: Session) -> None:
    project_id = rows.add_project(session, origin="register")
    project = session.get(Project, project_id)
    assert project is not None

    refresh_standing(session, project_id, guide=NO_CHECKS, at=START)
    assert [all_rows(session, table) for table in (*TABLES, HISTORY)] == [[], [], []]

    project.adopted_at = START
    assert refresh(session, project_id).level == "not_started"

    project.adopted_at = None  # the import was undone
    refresh_standing(session, project_id, guide=NO_CHECKS, at=START)
    assert [len(all_rows(session, table)) for table in (*TABLES, HISTORY)] == [0, 0, 1]


def test_history_grows_only_with_a_change(session: Session) -> None:
    project_id = rows.add_project(session)
    for number in range(3):
        refresh(session, project_id, day(number))
    assert len(history(session)) == 1

    rows.answer(session, project_id, "D04", "Sales")
    refresh(session, project_id, day(3))

    levels = [line["gates"]["discovery"]["level"] for line in history(session)]
    assert levels == ["not_started", "in_progress"]
    assert history(session)[-1]["project"]["open_questions"] == 24


def test_a_day_that_will_pass_is_no_change(session: Session) -> None:
    project_id = rows.add_project(session)
    rows.answer(
        session,
        project_id,
        "D09",
        state=AnswerState.DONT_KNOW,
        owner="Robin",
        due_on=TODAY + timedelta(days=9),
    )
    assert refresh(session, project_id).valid_until == TODAY + timedelta(days=9)
    rows.answer(
        session,
        project_id,
        "D09",
        state=AnswerState.DONT_KNOW,
        owner="Robin",
        due_on=TODAY + timedelta(days=4),
    )

    assert refresh(session, project_id, day(1)).valid_until == TODAY + timedelta(days=4)
    assert len(history(session)) == 1


def test_since_is_the_moment_the_level_last_changed(session: Session) -> None:
    project_id = rows.add_project(session)
    refresh(session, project_id, day(0))
    rows.answer(session, project_id, "D04", "Sales")
    refresh(session, project_id, day(1))
    rows.answer(session, project_id, "D01", "Stock runs out")

    found = refresh(session, project_id, day(2))

    moments = {
        row.gate: row.since
        for row in (session.get(Standing, (project_id, gate.value)) for gate in Gate)
        if row
    }
    assert found.since == moments["discovery"] == day(1)
    assert moments["launch"] == day(0)


def test_overdue_condition_turns_the_project_blocked_on_the_day_after(session: Session) -> None:
    project_id = rows.add_project(session)
    rows.answer(session, project_id, "D04", "Sales")
    rows.condition(session, project_id, TODAY + timedelta(days=2))

    on_the_day, after = (
        refresh(session, project_id, day(2)).model_dump(),
        refresh(session, project_id, day(3)),
    )

    assert (on_the_day["level"], on_the_day["overdue"]) == (Level.IN_PROGRESS, 0)
    assert (on_the_day["next_on"], on_the_day["next_what"]) == (
        TODAY + timedelta(days=2),
        "Condition: Sign the terms",
    )
    assert (after.level, after.overdue, after.top_code) == (Level.BLOCKED, 1, "condition:1")
    assert after.top_blocker.startswith("The condition “Sign the terms” was due on 2026-03-04.")


def test_waiting_role_is_the_one_asked_longest_ago(session: Session) -> None:
    project_id = rows.add_project(session)
    rows.fill(session, project_id, NO_CHECKS)
    rows.review(session, project_id, Gate.DISCOVERY, Role.PRIVACY, due_on=TODAY)

    found = refresh(session, project_id)

    row = session.get(Standing, (project_id, "discovery"))
    assert row is not None
    assert (found.level, found.waiting_role, found.waiting_since) == (Level.WAITING, "privacy", START)
    assert json.loads(found.causes) == {
        "sign_offs": 6,
        **dict.fromkeys(("business", "technology", "privacy", "legal", "compliance", "validation"), 1),
    }
    assert json.loads(row.roles)["privacy"] == ["waiting", "2026-03-02T09:00:00.000000Z"]
    assert json.loads(row.roles)["legal"] == ["not_asked", None]
    assert (found.next_on, found.next_what) == (TODAY, "Review by Privacy")


def test_next_date_comes_from_what_is_planned(session: Session) -> None:
    project_id = rows.add_project(session)
    rows.answer(session, project_id, "D37", "2026-09-01")
    go_live = refresh(session, project_id).model_dump()
    session.add(
        TargetDate(
            project_id=project_id, gate="discovery", on_date=date(2026, 4, 1), set_at=START, set_by="pat"
        )
    )

    planned = refresh(session, project_id)

    assert (go_live["next_on"], go_live["next_what"]) == (date(2026, 9, 1), "First go-live")
    assert (planned.next_on, planned.next_what) == (date(2026, 4, 1), "Discovery gate")
    assert refresh(session, project_id, day(60)).overdue == 1


def test_stale_sign_off_is_counted(session: Session) -> None:
    project_id = rows.add_project(session)
    rows.answer(session, project_id, "D26", {"regimes": ["privacy"]})
    facts = load_facts(session, project_id, today=TODAY, guide=NO_CHECKS)
    rows.sign(
        session, project_id, Gate.DISCOVERY, Role.LEGAL, cover(facts, NO_CHECKS, Gate.DISCOVERY, Role.LEGAL)
    )
    assert refresh(session, project_id).stale == 0

    rows.answer(session, project_id, "D26", {"regimes": ["health"]})

    assert refresh(session, project_id).stale == 1


def test_day_is_that_of_the_organisation(session: Session) -> None:
    session.add(Organisation(name="Riverbank", time_zone="Pacific/Kiritimati", created_at=START))
    project_id = rows.add_project(session)
    rows.condition(session, project_id, TODAY)

    assert refresh(session, project_id, START + timedelta(hours=0)).overdue == 0
    assert refresh(session, project_id, START + timedelta(hours=2)).overdue == 1


def test_reader_past_its_day_computes_the_standing_without_writing_it(session: Session) -> None:
    project_id = rows.add_project(session)
    rows.answer(session, project_id, "D04", "Sales")
    rows.condition(session, project_id, TODAY)
    refresh(session, project_id)
    written = [all_rows(session, table) for table in (*TABLES, HISTORY)]
    tomorrow = load_facts(session, project_id, today=TODAY + timedelta(days=1), guide=NO_CHECKS)

    now = compute_standing(session, project_id, tomorrow, NO_CHECKS, day(1))

    assert (now.project["level"], now.project["since"]) == ("blocked", day(1))
    assert now.gates["launch"]["since"] == START
    assert [all_rows(session, table) for table in (*TABLES, HISTORY)] == written


# ---------------------------------------------------------------- rebuilt = kept up to date


def _clear_due(session: Session, project_id: int) -> None:
    rows.answer(session, project_id, "D14", state=AnswerState.DONT_KNOW, owner="Robin", due_on=TODAY)


def _sign(session: Session, project_id: int) -> None:
    facts = load_facts(session, project_id, today=TODAY, guide=guide())
    covered = cover(facts, guide(), Gate.DISCOVERY, Role.LEGAL)
    rows.sign(session, project_id, Gate.DISCOVERY, Role.LEGAL, covered)


def _meet(session: Session, project_id: int) -> None:
    for owed in session.exec(select(Condition).where(Condition.project_id == project_id)):
        owed.state = "met"


CHANGES: dict[str, Callable[[Session, int], object]] = {
    "answer D26": lambda session, it: rows.answer(session, it, "D26", {"regimes": ["privacy"]}),
    "change D26": lambda session, it: rows.answer(session, it, "D26", {"regimes": ["health"]}),
    "clear D26": lambda session, it: rows.answer(session, it, "D26", state=None),
    "don't know D14": _clear_due,
    "sign": _sign,
    "ask": lambda session, it: rows.review(session, it, Gate.DISCOVERY, Role.PRIVACY),
    "condition": lambda session, it: rows.condition(session, it, TODAY + timedelta(days=2)),
    "meet": _meet,
    "go": lambda session, it: rows.decide(session, it, Gate.DISCOVERY),
}


@settings(max_examples=trials(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(0, 3)), max_size=8))
def test_rebuilt_standing_equals_the_one_kept_up_to_date(
    new_database: Callable[[], str], steps: list[tuple[str, int]]
) -> None:
    database = open_database(new_database())
    at = START
    with database.write() as session:
        rows.add_people(session, "pat", "ria", "bo")
        project_id = rows.add_project(session)
        refresh_standing(session, project_id, guide=guide(), at=at)
        for change, days in steps:
            at += timedelta(days=days)
            CHANGES[change](session, project_id)
            refresh_standing(session, project_id, guide=guide(), at=at)
        kept = [all_rows(session, table) for table in (*TABLES, HISTORY)]
        for table in TABLES:
            session.execute(table.delete())

        count = rebuild_standing(session, guide=guide(), at=at)

        assert count == 1
        assert [all_rows(session, table) for table in (*TABLES, HISTORY)] == kept
    database.dispose()


def test_rebuild_takes_only_the_projects_asked_for(session: Session) -> None:
    one, other = rows.add_project(session, "one"), rows.add_project(session, "other")

    assert rebuild_standing(session, guide=NO_CHECKS, at=START, project_ids=[other]) == 1
    assert [session.get(ProjectStanding, project_id) is None for project_id in (one, other)] == [True, False]
