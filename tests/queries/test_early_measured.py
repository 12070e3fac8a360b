"""Early planning measured: what is counted for each project, and that no project is missing or counted twice."""

from __future__ import annotations

from datetime import timedelta

from lifecycle.actions import gates, plans, projects
from lifecycle.queries.early_measured import Rework, early_measured
from lifecycle.store.database import Database
from lifecycle.vocabulary import Actor, Gate, OrganisationRole, Outcome, Role, Stage
from tests import factories as make
from tests.clock import START

LEADER = Actor("leader", "Lena", OrganisationRole.LEADERSHIP)


def test_rework_and_first_answers_are_counted_by_project(database: Database) -> None:
    with database.write() as session:
        everybody = make.cast(session)
        project_id = make.project(session, everybody)
        on = {"by": everybody.pat, "at": START, "guide": everybody.guide, "project_id": project_id}
        plans.set_date(session, **on, gate=Gate.DISCOVERY, on_date=START.date() + timedelta(days=10))  # type: ignore[arg-type]
        make.answer(session, everybody, project_id, "D13", make.WORDS["D13"])
        later = START + timedelta(days=14)
        make.go(session, everybody, project_id, Gate.DISCOVERY, later)
        # What Privacy signed at Discovery changes, and the next gate goes back.
        make.answer(session, everybody, project_id, "D25", {"personal": False}, at=later)
        gates.decide(
            session, by=everybody[Role.BUSINESS], at=later, guide=everybody.guide, project_id=project_id,
            gate=Gate.FEASIBILITY, outcome=Outcome.RECYCLE, reason="Too early", to_stage=Stage.DISCOVERY,
        )  # fmt: skip
        young = make.project(session, everybody, "Young")
        gone = make.project(session, everybody, "Gone")
        projects.archive(session, by=everybody.pat, at=later, project_id=gone)
        said = {"today": later.date() + timedelta(days=1), "guide": everybody.guide}
        found = early_measured(session, by=LEADER, **said)  # type: ignore[arg-type]
        others = early_measured(session, by=everybody.olu, **said)  # type: ignore[arg-type]

    assert young
    (only,) = found.projects
    assert (only.name, only.cohort, only.index) == ("Orders", "2026 Q1", 1.0)
    assert only.rework[Rework.RECYCLED] == 1
    assert only.rework[Rework.STALE] >= 1
    assert only.rework[Rework.DAYS_LATE] == 4
    assert found.found[Rework.RECYCLED].pairs == 1
    assert found.found[Rework.RECYCLED].rank is None, "one project says nothing"
    assert all(sum(question.by_stage.values()) == 1 for question in found.questions)
    assert all(question.by_stage.get(Stage.DISCOVERY) == 1 for question in found.questions)
    assert [(cohort.name, cohort.projects, cohort.median) for cohort in found.cohorts] == [
        ("2026 Q1", 1, 1.0)
    ]
    assert not others.projects
