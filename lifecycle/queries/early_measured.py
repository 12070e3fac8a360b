"""Whether answering the production questions early goes with less rework later, told with its uncertainty.

Over projects assessed here that have an index, those that are over included: their rework is behind them. What is
measured: gates sent back, sign-offs that went stale, calendar days late at a gate, and incidents.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from lifecycle.facts.projects import organisation_time_zone, today_in
from lifecycle.guide import Guide
from lifecycle.queries.portfolio import EVERYTHING, OVER, Filters, choose
from lifecycle.queries.portfolio_lines import Lines
from lifecycle.rules.association import Association, association
from lifecycle.rules.gates import GOES
from lifecycle.rules.planning import percentile
from lifecycle.store.base import metadata
from lifecycle.store.tables import CurrentAnswer, GateDecision, Project, SignOff, TargetDate
from lifecycle.vocabulary import Actor, AnswerState, Gate, Outcome, Stage

_SETTLED = (AnswerState.ANSWERED.value, AnswerState.NOT_APPLICABLE.value)
_QUARTERS = (0.25, 0.5, 0.75)


class Rework(StrEnum):
    """What comes later, and is wished to be little."""

    RECYCLED = "recycled"
    STALE = "stale"
    DAYS_LATE = "days_late"
    INCIDENTS = "incidents"


@dataclass(frozen=True, slots=True)
class MeasuredProject:
    """One project: its index, and its rework by kind. Days late are missing where no gate had a date."""

    key: str
    name: str
    cohort: str
    index: float
    rework: Mapping[Rework, int]


@dataclass(frozen=True, slots=True)
class Cohort:
    """Projects begun in the same quarter, with the quartiles of their index."""

    name: str
    projects: int
    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class AnsweredWhen:
    """One production question: in how many projects it was first settled in which stage; None: still open."""

    field_id: str
    title: str
    question: str
    by_stage: Mapping[Stage | None, int]


@dataclass(frozen=True, slots=True)
class EarlyMeasured:
    """`found` has one association for each kind of rework that there are figures of."""

    projects: tuple[MeasuredProject, ...]  # the earliest first
    cohorts: tuple[Cohort, ...]
    questions: tuple[AnsweredWhen, ...]
    found: Mapping[Rework, Association]


def early_measured(
    session: Session, *, by: Actor, today: date, guide: Guide, filters: Filters = EVERYTHING
) -> EarlyMeasured:
    """In a handful of statements, over the projects that this person may read."""
    every = choose(session, by, filters)
    c = every.c
    line = every.where(c.level.is_not(None), c.early_index.is_not(None))
    zone = organisation_time_zone(session)
    found = session.execute(
        line.select(c.id, c.key, c.name, c.status, c.stale, c.early_index, col(Project.created_at))
        .join(Project, col(Project.id) == c.id)
        .order_by(c.early_index.desc(), c.name)
    ).all()
    recycled, again = _recycled(session, line), _signed_again(session, line)
    late, incidents = _days_late(session, line, today, zone), _incidents(session, line)
    projects = []
    for each in found:
        rework = {Rework.RECYCLED: recycled[each.id], Rework.STALE: again[each.id] + each.stale}
        if each.id in late:
            rework[Rework.DAYS_LATE] = late[each.id]
        if incidents is not None:
            rework[Rework.INCIDENTS] = incidents[each.id]
        begun = today_in(zone, each.created_at)
        cohort = f"{begun.year} Q{(begun.month + 2) // 3}"
        projects.append(MeasuredProject(each.key, each.name, cohort, each.early_index / 1000, rework))
    return EarlyMeasured(
        projects=tuple(projects),
        cohorts=tuple(_cohorts(projects)),
        questions=_questions(session, line, guide, len(projects)),
        found={
            kind: association(
                [(each.index, float(each.rework[kind])) for each in projects if kind in each.rework]
            )
            for kind in Rework
            if any(kind in each.rework for each in projects)
        },
    )


def _recycled(session: Session, line: Lines) -> Counter[int]:
    """Gates sent back, by project."""
    return _by_project(session, GateDecision, line, col(GateDecision.outcome) == Outcome.RECYCLE.value)


def _signed_again(session: Session, line: Lines) -> Counter[int]:
    """Sign-offs given again after they had gone stale; those stale now are in the standing."""
    return _by_project(session, SignOff, line, col(SignOff.affirms).is_not(None))


def _by_project(session: Session, table: Any, line: Lines, *conditions: Any) -> Counter[int]:
    counted = select(table.project_id, func.count()).where(
        table.project_id.in_(line.select(line.c.id)), *conditions
    )
    return Counter(dict(session.execute(counted.group_by(table.project_id)).all()))


def _incidents(session: Session, line: Lines) -> Counter[int] | None:
    """None while this version keeps none."""
    table = metadata.tables.get("incident")
    if table is None:
        return None
    counted = select(table.c.project_id, func.count()).where(table.c.project_id.in_(line.select(line.c.id)))
    return Counter(dict(session.execute(counted.group_by(table.c.project_id)).all()))


def _days_late(session: Session, line: Lines, today: date, zone: str) -> dict[int, int]:
    """The most days that a gate with a date passed after it, or is past it now; 0 when all were kept."""
    passed = {
        (project_id, gate): today_in(zone, at)
        for project_id, gate, at in session.execute(
            select(col(GateDecision.project_id), col(GateDecision.gate), func.min(col(GateDecision.at)))
            .where(
                col(GateDecision.project_id).in_(line.select(line.c.id)),
                col(GateDecision.outcome).in_([outcome.value for outcome in GOES]),
            )
            .group_by(col(GateDecision.project_id), col(GateDecision.gate))
        )
    }
    running = set(session.execute(line.where(line.c.status.not_in(OVER)).select(line.c.id)).scalars())
    found: dict[int, int] = {}
    for target in session.execute(
        select(TargetDate).where(col(TargetDate.project_id).in_(line.select(line.c.id)))
    ).scalars():
        project_id = target.project_id
        until = passed.get((project_id, target.gate)) or (today if project_id in running else None)
        if until is not None and target.gate != Gate.OPERATE.value:
            found[project_id] = max(found.get(project_id, 0), (until - target.on_date).days)
    return found


def _cohorts(projects: Sequence[MeasuredProject]) -> Iterator[Cohort]:
    by_name: dict[str, list[int]] = defaultdict(list)
    for each in projects:
        by_name[each.cohort].append(round(each.index * 1000))
    for name, indices in sorted(by_name.items()):
        low, median, high = (percentile(indices, share) / 1000 for share in _QUARTERS)
        yield Cohort(name, len(indices), low, median, high)


def _questions(session: Session, line: Lines, guide: Guide, projects: int) -> tuple[AnsweredWhen, ...]:
    fields = guide.production_questions
    counts: dict[str, Counter[Stage | None]] = defaultdict(Counter)
    for field_id, stage, number in session.execute(
        select(col(CurrentAnswer.field_id), col(CurrentAnswer.settled_stage), func.count())
        .where(
            col(CurrentAnswer.project_id).in_(line.select(line.c.id)),
            col(CurrentAnswer.source_id) == 0,
            col(CurrentAnswer.field_id).in_([field.id for field in fields]),
            col(CurrentAnswer.settled_stage).is_not(None),
            col(CurrentAnswer.state).in_(_SETTLED),
        )
        .group_by(col(CurrentAnswer.field_id), col(CurrentAnswer.settled_stage))
    ):
        counts[field_id][Stage(stage)] = number
    return tuple(
        AnsweredWhen(
            field.id,
            field.title,
            field.question,
            {**counts[field.id], None: projects - sum(counts[field.id].values())},
        )
        for field in fields
    )
