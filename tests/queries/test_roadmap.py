"""The roadmap and the reviews of the portfolio say what each project's own plan says, and count by percentiles."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlmodel import Session

from lifecycle.actions import plans, reviews
from lifecycle.queries import plans as plan_queries
from lifecycle.queries.plans import Observed
from lifecycle.queries.portfolio_reviews import portfolio_reviews
from lifecycle.queries.roadmap import roadmap
from lifecycle.rules.planning import Timing
from lifecycle.store.database import Database
from lifecycle.vocabulary import Actor, Gate, OrganisationRole, Role
from tests import factories as make
from tests.clock import START

LEADER = Actor("leader", "Lena", OrganisationRole.LEADERSHIP)
NOTHING = Observed((), ())
TODAY = START.date()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.write() as opened:
        yield opened


def dated(session: Session, everybody: make.Cast, name: str, launch: date | None, **gates: date) -> int:
    project_id = make.project(session, everybody, name)
    if launch:
        gates |= {"launch": launch}
    for gate, on in gates.items():
        plans.set_date(
            session, by=everybody.pat, at=START, guide=everybody.guide, project_id=project_id,
            gate=Gate(gate), on_date=on,
        )  # fmt: skip
    return project_id


def test_roadmap_agrees_with_every_projects_own_plan(session: Session) -> None:
    everybody = make.cast(session)
    dated(session, everybody, "Late", TODAY + timedelta(days=40), discovery=TODAY + timedelta(days=3))
    dated(session, everybody, "Early", TODAY + timedelta(days=900))
    asked = dated(
        session, everybody, "Asked", TODAY + timedelta(days=300), discovery=TODAY + timedelta(days=60)
    )
    make.ask(session, everybody, asked, Gate.DISCOVERY, Role.PRIVACY)
    make.sign(session, everybody, asked, Gate.DISCOVERY, Role.LEGAL)
    dated(session, everybody, "Undated", None)
    later = START + timedelta(days=30)
    found = roadmap(session, by=LEADER, today=later.date(), guide=everybody.guide, observed=NOTHING)

    assert [line.name for line in found.lines] == ["Late", "Asked", "Early", "Undated"]
    for line in found.lines:
        own = plan_queries.plan(
            session, by=everybody.pat, at=later, guide=everybody.guide, key=line.key, observed=NOTHING
        )
        assert line.forecast == own.forecast
        assert {each.gate: each.on for each in line.gates} == {
            each.gate: each.on for each in own.schedule.gates if each.on
        }
        planned = {each for each in own.schedule.gates[0].reviews if each.timing is not Timing.SIGNED}
        assert set(line.asks) == planned, line.name
    late = found.lines[0]
    assert (late.days_late or 0) > 100
    assert late.gate_overdue == 19  # working days since 5 March
    assert found.lines[-1].days_late is None


def test_most_late_review_comes_first_and_the_signed_are_left_out(session: Session) -> None:
    everybody = make.cast(session)
    project_id = dated(session, everybody, "Orders", None, discovery=TODAY + timedelta(days=14))
    make.sign(session, everybody, project_id, Gate.DISCOVERY, Role.LEGAL)
    found = roadmap(session, by=LEADER, today=TODAY, guide=everybody.guide, observed=NOTHING)
    asks = [(ask.role, ask.days_late) for _, ask in found.asks]

    assert asks == sorted(asks, key=lambda pair: -pair[1])
    assert Role.LEGAL not in {role for role, _ in asks}
    assert all(ask.last_call < TODAY for _, ask in found.asks if ask.days_late and ask.last_call)


def test_members_see_their_own_projects_alone(session: Session) -> None:
    everybody = make.cast(session)
    project_id = make.project(session, everybody)
    make.ask(session, everybody, project_id, Gate.DISCOVERY, Role.PRIVACY)
    said = {"today": TODAY, "guide": everybody.guide, "observed": NOTHING}

    assert not roadmap(session, by=everybody.olu, **said).lines  # type: ignore[arg-type]
    assert not portfolio_reviews(session, by=everybody.olu, **said).waiting  # type: ignore[arg-type]
    assert len(portfolio_reviews(session, by=everybody.pat, **said).waiting) == 1  # type: ignore[arg-type]


def test_reviews_are_told_by_percentiles_with_who_waits_since_when(session: Session) -> None:
    everybody = make.cast(session)
    for number, days in enumerate((0, 2, 4, 90)):
        project_id = make.project(session, everybody, f"P{number}")
        review_id = make.ask(
            session, everybody, project_id, Gate.DISCOVERY, Role.PRIVACY, at=START + timedelta(days=days)
        )
        if number == 2:
            reviews.cancel(
                session,
                by=everybody.pat,
                at=START + timedelta(days=5),
                guide=everybody.guide,
                review_id=review_id,
            )
    today = TODAY + timedelta(days=100)
    found = portfolio_reviews(
        session,
        by=LEADER,
        today=today,
        guide=everybody.guide,
        observed=Observed(((Role.PRIVACY, (1, 1, 1, 1, 99)),), ()),
    )
    load = next(each for each in found.roles if each.role is Role.PRIVACY)

    assert [(each.name, each.person, each.days) for each in found.waiting] == [
        ("P0", "Priya", 100), ("P1", "Priya", 98), ("P3", "Priya", 10),
    ]  # fmt: skip
    assert (load.open, load.people, load.median, load.safe, load.oldest) == (3, 1, 98, 100, 100)
    assert (load.lead.typical, load.lead.safe, load.lead.observed) == (1, 99, 5)
    assert [(person.name, person.open, person.oldest) for person in found.people] == [("Priya", 3, 100)]
