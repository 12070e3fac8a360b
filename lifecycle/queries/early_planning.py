"""How early the production questions were answered: the index and the debt, per project and over all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median, quantiles
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from lifecycle.guide import Guide
from lifecycle.queries.portfolio import EVERYTHING, OVER, Filters, choose
from lifecycle.queries.portfolio_lines import Lines
from lifecycle.store.tables import CurrentAnswer
from lifecycle.vocabulary import Actor, AnswerState, Gate, Level, ProjectStatus, Stage


@dataclass(frozen=True, slots=True)
class PlannedProject:
    """One project. `index` is 0 to 1, None before the Discovery gate was passed."""

    key: str
    name: str
    organisation: str
    stage: Stage | None
    gate: Gate | None
    status: ProjectStatus
    level: Level
    index: float | None
    debt: int
    open_questions: int


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """One production question: in how many running projects it is not settled, and of these not even begun."""

    field_id: str
    title: str
    question: str
    stage: Stage | None
    unsettled: int
    untouched: int


@dataclass(frozen=True, slots=True)
class EarlyPlanning:
    """Running projects assessed here. Median and quartiles are of the index of those that have one."""

    as_of: date
    projects: tuple[PlannedProject, ...]  # the most debt first
    questions: tuple[OpenQuestion, ...]  # the most often unsettled first
    median: float | None
    quartiles: tuple[float, float, float] | None
    debt: int


def early_planning(
    session: Session, *, by: Actor, today: date, guide: Guide, filters: Filters = EVERYTHING
) -> EarlyPlanning:
    """Index and debt from standing rows, and the state of the 24 questions counted by the database."""
    every = choose(session, by, filters)
    c = every.c
    line = every.where(c.level.is_not(None), c.status.not_in(OVER))
    found = session.execute(
        line.select(
            c.key,
            c.name,
            c.organisation,
            c.stage,
            c.gate,
            c.status,
            c.level,
            c.early_index,
            c.debt,
            c.open_questions,
        ).order_by(c.debt.desc(), c.name)
    ).all()
    projects = tuple(_planned(each) for each in found)
    indices = [project.index for project in projects if project.index is not None]
    return EarlyPlanning(
        as_of=today,
        projects=projects,
        questions=_questions(session, guide, line, len(projects)),
        median=median(indices) if indices else None,
        quartiles=_quartiles(indices),
        debt=sum(project.debt for project in projects),
    )


def _planned(line: Any) -> PlannedProject:
    return PlannedProject(
        key=line.key,
        name=line.name,
        organisation=line.organisation,
        stage=Stage(line.stage) if line.stage else None,
        gate=Gate(line.gate) if line.gate else None,
        status=ProjectStatus(line.status),
        level=Level(line.level),
        index=line.early_index / 1000 if line.early_index is not None else None,
        debt=line.debt,
        open_questions=line.open_questions,
    )


def _quartiles(indices: Sequence[float]) -> tuple[float, float, float] | None:
    if len(indices) < 2:
        return None
    low, middle, high = quantiles(indices, n=4, method="inclusive")
    return low, middle, high


def _questions(session: Session, guide: Guide, line: Lines, projects: int) -> tuple[OpenQuestion, ...]:
    """A question is settled by an answer or a reason why it does not apply; a don't-know leaves it open.

    An answer that is begun but not complete counts as settled here; the index and the debt count it as open.
    """
    ids = [field.id for field in guide.production_questions]
    settled, begun = Counter[str](), Counter[str]()
    lines = session.execute(
        select(col(CurrentAnswer.field_id), col(CurrentAnswer.state), func.count())
        .where(
            col(CurrentAnswer.project_id).in_(line.select(line.c.id)),
            col(CurrentAnswer.source_id) == 0,
            col(CurrentAnswer.field_id).in_(ids),
        )
        .group_by(col(CurrentAnswer.field_id), col(CurrentAnswer.state))
    )
    for field_id, state, count in lines:
        if state in (AnswerState.ANSWERED.value, AnswerState.NOT_APPLICABLE.value):
            settled[field_id] += count
        begun[field_id] += count if state else 0
    questions = [
        OpenQuestion(
            field.id,
            field.title,
            field.question,
            field.stage,
            unsettled=projects - settled[field.id],
            untouched=projects - begun[field.id],
        )
        for field in guide.production_questions
    ]
    return tuple(sorted(questions, key=lambda question: (-question.unsettled, question.field_id)))
