"""The portfolio's reads: who sees what, filters, order, figures and heat maps; statements do not grow in number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select

from lifecycle.actions import answers, projects
from lifecycle.facts.standing import lapsed_standing, rebuild_lapsed
from lifecycle.queries import early_planning, heat_maps, portfolio, portfolio_overview
from lifecycle.queries.portfolio import Filters, Sort
from lifecycle.store.database import Database
from lifecycle.store.past import keep_past
from lifecycle.store.tables import Membership, Project, ProjectStanding
from lifecycle.vocabulary import (
    Actor,
    AnswerState,
    Gate,
    Level,
    OrganisationRole,
    ProjectStatus,
    Role,
    SignOffStatus,
    Stage,
)
from tests.clock import START
from tests.people import join, set_up
from tests.rules.building import guide
from tests.standings import ago, assessed, listed

TODAY = START.date()
LEADER = Actor("leader", "Lena", OrganisationRole.LEADERSHIP)
WAITING, SIGNED, STALE = SignOffStatus.WAITING, SignOffStatus.SIGNED, SignOffStatus.STALE


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.write() as opened:
        yield opened


@dataclass(frozen=True)
class Filled:
    """Nine projects in every kind of state."""

    session: Session

    def keys(
        self, filters: Filters = portfolio.EVERYTHING, sort: Sort = "standing", by: Actor = LEADER
    ) -> list[str]:
        page = portfolio.rows(self.session, by=by, today=TODAY, filters=filters, sort=sort)
        return [row.key for row in page.rows]


@pytest.fixture
def filled(session: Session) -> Filled:
    assessed(
        session, "Basket", gate=Gate.DESIGN, level=Level.BLOCKED, days=9, tier=2, debt=4, index=500, stale=1,
        causes={"checks": 2, "privacy": 1}, roles={Role.PRIVACY: (WAITING, 41), Role.LEGAL: (SIGNED, 3)},
        next_on=TODAY + timedelta(days=9),
    )  # fmt: skip
    assessed(
        session, "Churn", organisation="Post ", level=Level.BLOCKED, days=30, causes={"answers": 5}, overdue=2,
        roles={Role.PRIVACY: (WAITING, 2), Role.LEGAL: (WAITING, 50)},
    )  # fmt: skip
    assessed(
        session, "Fraud", organisation="Bank", level=Level.WAITING, tier=4, roles={Role.LEGAL: (STALE, 1)}
    )
    assessed(session, "Lifts", organisation="Bank", gate=Gate.LAUNCH, level=Level.READY, index=900, debt=1,
             next_on=TODAY + timedelta(days=1))  # fmt: skip
    assessed(
        session, "Voice", level=Level.BLOCKED, days=400, status=ProjectStatus.STOPPED, causes={"checks": 1},
        roles={Role.PRIVACY: (WAITING, 300)}, debt=90, index=100, overdue=1,
    )  # fmt: skip
    listed(session, "Reader")
    listed(session, "Sorter", gate=None, status=ProjectStatus.ACTIVE)
    listed(session, "Stamp", gate=Gate.OPERATE, status=ProjectStatus.RETIRED)
    archived = assessed(session, "Zeppelin", organisation="Airfield", level=Level.BLOCKED)
    session.execute(
        Project.__table__.update().where(col(Project.id) == archived).values(archived_at=START)  # type: ignore[attr-defined]
    )
    keep_past(session, [f"project:{archived}"], START)
    return Filled(session)


# ------------------------------------------------------------------ rows


def test_rows_stand_weakest_first_then_longest_and_what_is_over_last(filled: Filled) -> None:
    assert filled.keys() == ["churn", "basket", "fraud", "lifts", "sorter", "reader", "voice", "stamp"]


@pytest.mark.parametrize(
    ("sort", "first"),
    [("name", ["basket", "churn"]), ("next", ["lifts", "basket"]), ("debt", ["voice", "basket"])],
)
def test_rows_stand_in_the_order_asked_for(filled: Filled, sort: Sort, first: list[str]) -> None:
    assert filled.keys(sort=sort)[:2] == first


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(text="fra"), {"fraud"}),
        (Filters(text="BANK lif"), {"lifts"}),
        (Filters(text="%"), set()),
        (Filters(text="_"), set()),
        (Filters(organisation="Post"), {"basket", "churn", "voice"}),
        (Filters(organisation="Airfield"), set()),
        (Filters(stage="design"), {"basket"}),
        (Filters(stage=portfolio.UNMAPPED), {"sorter"}),
        (Filters(level="blocked"), {"basket", "churn", "voice"}),
        (Filters(level=portfolio.NOT_ASSESSED), {"reader", "sorter", "stamp"}),
        (Filters(role="privacy"), {"basket", "churn"}),
        (Filters(role="legal"), {"churn"}),
        (Filters(cause="checks"), {"basket"}),
        (Filters(cause="privacy"), {"basket"}),
        (Filters(tier="4"), {"fraud"}),
        (Filters(tier="none"), {"churn", "lifts", "voice", "reader", "sorter", "stamp"}),
        (Filters(status="live"), {"reader"}),
        (Filters(origin="here"), {"basket", "churn", "fraud", "lifts", "voice"}),
        (Filters(origin="register"), {"reader", "sorter", "stamp"}),
        (Filters(origin="here", level="blocked", text="chu"), {"churn"}),
    ],
)
def test_filters_choose_in_the_database(filled: Filled, filters: Filters, found: set[str]) -> None:
    assert set(filled.keys(filters)) == found
    overview = portfolio_overview.overview(filled.session, by=LEADER, today=TODAY, filters=filters)
    assert overview.total == len(found)


def test_pages_hold_every_project_once(filled: Filled) -> None:
    pages = [
        portfolio.rows(filled.session, by=LEADER, today=TODAY, page=number, size=3) for number in (1, 2, 3, 4)
    ]
    assert [len(page.rows) for page in pages] == [3, 3, 2, 0]
    assert {page.total for page in pages} == {8}
    assert len({row.key for page in pages for row in page.rows}) == 8


def test_row_of_an_imported_project_shows_the_registers_words_and_no_standing(filled: Filled) -> None:
    page = portfolio.rows(filled.session, by=LEADER, today=TODAY, filters=Filters(text="sorter"))
    row = page.rows[0]
    assert (row.stage, row.gate, row.level, row.stage_word, row.risk_word) == (
        None,
        None,
        None,
        "Daydream",
        "Both",
    )
    assert (row.readiness, row.tier, row.early_index, row.debt) == (None, None, None, 0)


# ------------------------------------------------------------------ who sees what


def test_member_sees_only_projects_with_a_role_everywhere(filled: Filled) -> None:
    session = filled.session
    ada = set_up(session)
    mia = join(session, ada, "Mia")
    ids = dict(session.execute(select(Project.key, Project.id)).all())  # type: ignore[call-overload]
    for key, ended in (("fraud", None), ("lifts", START)):
        session.add(
            Membership(
                project_id=ids[key],
                person_key=mia.key,
                role="reader",
                since=START,
                given_by=ada.key,
                ended_at=ended,
            )
        )
    session.flush()

    assert filled.keys(by=mia) == ["fraud"]
    assert len(filled.keys(by=ada)) == 8
    overview = portfolio_overview.overview(session, by=mia, today=TODAY)
    assert (overview.total, overview.organisations, overview.running) == (1, 1, 1)
    assert not overview.waits
    assert portfolio_overview.choices(session, by=mia).organisations == {"Bank": 1}
    by_organisation = heat_maps.organisation_map(session, by=mia, today=TODAY)
    assert [(line.name, line.projects) for line in by_organisation.lines] == [("Bank", 1)]
    assert [line.row.key for line in heat_maps.project_map(session, by=mia, today=TODAY).lines] == ["fraud"]
    planned = early_planning.early_planning(session, by=mia, today=TODAY, guide=guide())
    assert [project.key for project in planned.projects] == ["fraud"]


# ------------------------------------------------------------------ figures


def test_overview_counts_running_assessed_projects_apart_from_imported_and_over(filled: Filled) -> None:
    found = portfolio_overview.overview(filled.session, by=LEADER, today=TODAY)

    assert (found.total, found.running, found.not_assessed, found.over) == (8, 4, 3, 1)
    levels = {level: count for level, count in found.levels.items() if count}
    assert levels == {Level.BLOCKED: 2, Level.WAITING: 1, Level.READY: 1}
    assert (found.stale, found.overdue) == (1, 1)
    assert found.organisations == 3  # “Post” and “Post ” are one
    assert {stage.stage: (stage.total, stage.assessed) for stage in found.stages} == {
        Stage.DISCOVERY: (3, 3),
        Stage.FEASIBILITY: (0, 0),
        Stage.DESIGN: (1, 1),
        Stage.MODEL: (0, 0),
        Stage.PRODUCTION: (3, 1),
        None: (1, 0),
    }


def test_overview_names_on_whom_and_since_when(filled: Filled) -> None:
    found = portfolio_overview.overview(filled.session, by=LEADER, today=TODAY)

    assert [(wait.role, wait.projects, wait.key, wait.since) for wait in found.waits] == [
        (Role.LEGAL, 1, "churn", ago(50)),
        (Role.PRIVACY, 2, "basket", ago(41)),
    ]
    assert found.stuck is not None
    assert (found.stuck.key, found.stuck.since) == ("churn", ago(30))
    assert found.causes == {"answers": 1, "checks": 1, "privacy": 1}


# ------------------------------------------------------------------ heat maps


def test_project_map_has_each_gate_and_the_roles_of_the_current_one(filled: Filled) -> None:
    found = heat_maps.project_map(filled.session, by=LEADER, today=TODAY)
    basket = next(line for line in found.lines if line.row.key == "basket")
    reader = next(line for line in found.lines if line.row.key == "reader")

    assert [basket.gates[gate].level for gate in (Gate.FEASIBILITY, Gate.DESIGN, Gate.MODEL)] == [
        Level.PASSED,
        Level.BLOCKED,
        Level.NOT_STARTED,
    ]
    assert {role: cell.status for role, cell in basket.roles.items()} == {
        Role.PRIVACY: WAITING,
        Role.LEGAL: SIGNED,
    }
    assert (reader.gates, reader.roles) == ({}, {})


def test_organisation_map_shows_counts_and_the_weakest_running_level(filled: Filled) -> None:
    found = heat_maps.organisation_map(filled.session, by=LEADER, today=TODAY)
    lines = {line.name: line for line in found.lines}

    assert [line.name for line in found.lines] == ["Post", "Bank", "Harbour"]
    assert (lines["Post"].projects, lines["Post"].stages[Stage.DISCOVERY].projects) == (3, 2)
    assert lines["Post"].stages[Stage.DISCOVERY].worst is Level.BLOCKED
    assert lines["Harbour"].stages[Stage.PRODUCTION].worst is None
    assert lines["Harbour"].stages[None].projects == 1
    assert lines["Post"].roles[Role.PRIVACY].statuses == {WAITING: 2}
    assert lines["Post"].roles[Role.PRIVACY].oldest == ago(41)
    assert lines["Post"].roles[Role.LEGAL].worst is WAITING
    assert not lines["Harbour"].roles


# ------------------------------------------------------------------ early planning


def test_early_planning_measures_running_projects_that_have_an_index(filled: Filled) -> None:
    assessed(filled.session, "Pilot", gate=Gate.MODEL, index=700)
    found = early_planning.early_planning(filled.session, by=LEADER, today=TODAY, guide=guide())

    assert found.median == pytest.approx(0.7)
    assert found.quartiles == pytest.approx((0.6, 0.7, 0.8))
    assert found.debt == 5
    assert [project.key for project in found.projects][:2] == ["basket", "lifts"]
    assert len(found.questions) == 24


def test_early_planning_counts_open_questions_by_what_was_said(session: Session) -> None:
    ada = set_up(session)
    ids = [projects.register(session, by=ada, at=START, guide=guide(), name=name) for name in ("A", "B", "C")]
    said = {"session": session, "by": ada, "at": START, "guide": guide(), "field_id": "D35", "base": 0}
    answers.save(**said, project_id=ids[0], raw="Planners")  # type: ignore[arg-type]
    answers.save(  # type: ignore[arg-type]
        **said,
        project_id=ids[1],
        state=AnswerState.DONT_KNOW,
        owner=ada.key,
        due_on=TODAY + timedelta(days=3),
    )
    found = early_planning.early_planning(session, by=LEADER, today=TODAY, guide=guide())
    question = next(question for question in found.questions if question.field_id == "D35")

    assert (question.unsettled, question.untouched) == (2, 1)


# ------------------------------------------------------------------ cost, and days that pass


@pytest.mark.parametrize(
    "read",
    [
        portfolio.rows,
        portfolio_overview.overview,
        heat_maps.project_map,
        heat_maps.organisation_map,
        lambda session, **said: early_planning.early_planning(session, guide=guide(), **said),
    ],
)
def test_number_of_statements_does_not_grow_with_the_projects(
    session: Session, read: Callable[..., object]
) -> None:
    def statements() -> int:
        counted: list[str] = []
        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", lambda *given: counted.append(given[2]))
        read(session, by=LEADER, today=TODAY)
        return len(counted)

    assessed(session, "One", roles={Role.PRIVACY: (WAITING, 1)}, causes={"answers": 1})
    few = statements()
    for number in range(30):
        assessed(session, f"More{number}", organisation=f"O{number}", roles={Role.LEGAL: (WAITING, number)})
        listed(session, f"Listed{number}")
    # Listeners add up: the first one hears the second run too.
    assert statements() == few <= 6


def test_standing_that_a_day_has_outrun_is_written_anew(session: Session) -> None:
    ada = set_up(session)
    project_id = projects.register(session, by=ada, at=START, guide=guide(), name="Orders")
    answers.save(
        session, by=ada, at=START, guide=guide(), project_id=project_id, field_id="D01",
        state=AnswerState.DONT_KNOW, owner=ada.key, due_on=date(2026, 3, 5), base=0,
    )  # fmt: skip

    def level() -> str:
        return session.execute(select(ProjectStanding.level)).scalar_one()

    late = START + timedelta(days=4)
    assert lapsed_standing(session, at=START + timedelta(days=3)) == []
    assert (lapsed_standing(session, at=late), level()) == ([project_id], "in_progress")
    assert rebuild_lapsed(session, guide=guide(), at=late) == 1
    assert (lapsed_standing(session, at=late), level()) == ([], "blocked")
    found = portfolio_overview.overview(session, by=LEADER, today=late.date())
    assert (found.overdue, found.levels[Level.BLOCKED]) == (1, 1)
