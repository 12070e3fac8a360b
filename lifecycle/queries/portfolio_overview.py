"""The portfolio at a glance: how many projects stand where, what is stuck, on whom and since when."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import case, func
from sqlmodel import Session

from lifecycle.queries.portfolio import EVERYTHING, OVER, Filters, choose
from lifecycle.queries.portfolio_lines import Lines
from lifecycle.vocabulary import Actor, Level, ProjectStatus, Role, SignOffStatus, Stage


@dataclass(frozen=True, slots=True)
class StageCount:
    """Projects in one stage (None: unmapped), by status, and how many of them are assessed here."""

    stage: Stage | None
    by_status: Mapping[ProjectStatus, int]
    assessed: int

    @property
    def total(self) -> int:
        return sum(self.by_status.values())


@dataclass(frozen=True, slots=True)
class RoleWait:
    """One role at the current gates: how many projects wait for it, and which the longest."""

    role: Role
    projects: int
    since: datetime
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Stuck:
    """The project that has been blocked longest."""

    key: str
    name: str
    since: datetime
    top_blocker: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What leadership sees first. Levels, waits and causes count running projects that are assessed here."""

    as_of: date
    total: int
    organisations: int
    stages: tuple[StageCount, ...]
    levels: Mapping[Level, int]
    waits: tuple[RoleWait, ...]  # the longest first
    causes: Mapping[str, int]  # an area or role to the number of projects it holds up
    stuck: Stuck | None
    not_assessed: int
    over: int  # assessed here, and stopped or retired
    stale: int = 0  # projects with a stale sign-off
    overdue: int = 0  # projects with something overdue

    @property
    def running(self) -> int:
        return sum(self.levels.values())


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to filter by, with counts."""

    organisations: Mapping[str, int] = field(default_factory=dict)
    assessed: int = 0
    not_assessed: int = 0


def choices(session: Session, *, by: Actor, as_of: date | None = None) -> Choices:
    """The organisations and origins among the projects this person may see."""
    line = choose(session, by, as_of=as_of)
    found = session.execute(
        line.select(line.c.organisation, func.count(), func.count(line.c.level))
        .group_by(line.c.organisation)
        .order_by(line.c.organisation)
    ).all()
    assessed = sum(each[2] for each in found)
    return Choices(
        {each[0]: each[1] for each in found if each[0]}, assessed, sum(each[1] for each in found) - assessed
    )


def overview(
    session: Session, *, by: Actor, today: date, filters: Filters = EVERYTHING, as_of: date | None = None
) -> Overview:
    """The figures over all projects that pass the filters, in a handful of statements.

    At the end of `as_of` where that is given; Overview.as_of says of which day they are.
    """
    line = choose(session, by, filters, as_of)
    stages, organisations = _stages(session, line)
    running = line.where(line.c.level.is_not(None), line.c.status.not_in(OVER))
    total, assessed = sum(stage.total for stage in stages), sum(stage.assessed for stage in stages)
    levels, stale, overdue = _levels(session, running)
    return Overview(
        as_of=as_of or today,
        total=total,
        organisations=organisations,
        stages=stages,
        levels=levels,
        waits=_waits(session, running),
        causes=_causes(session, running),
        stuck=_stuck(session, running),
        not_assessed=total - assessed,
        over=assessed - sum(levels.values()),
        stale=stale,
        overdue=overdue,
    )


def _stages(session: Session, line: Lines) -> tuple[tuple[StageCount, ...], int]:
    """And the number of organisations."""
    c = line.c
    found = session.execute(
        line.select(c.stage, c.status, func.count(), func.count(c.level), c.organisation).group_by(
            c.organisation, c.stage, c.status
        )
    ).all()
    counts = tuple(
        StageCount(
            stage,
            {status: _number(found, stage, status) for status in ProjectStatus},
            sum(each[3] for each in found if each[0] == (stage.value if stage else None)),
        )
        for stage in (*Stage, None)
    )
    return counts, len({each[4] for each in found if each[4]})


def _number(found: Sequence[Any], stage: Stage | None, status: ProjectStatus) -> int:
    word = stage.value if stage else None
    return sum(line[2] for line in found if line[0] == word and line[1] == status.value)


def _levels(session: Session, running: Lines) -> tuple[dict[Level, int], int, int]:
    """Projects by level, those with a stale sign-off, and those with something overdue."""
    c = running.c
    found = session.execute(
        running.select(
            c.level,
            func.count(),
            func.sum(case((c.stale > 0, 1), else_=0)),
            func.sum(case((c.overdue > 0, 1), else_=0)),
        ).group_by(c.level)
    ).all()
    by_level = {Level(each[0]): each[1] for each in found}
    levels = {level: by_level.get(level, 0) for level in Level}
    return levels, sum(each[2] for each in found), sum(each[3] for each in found)


def _waits(session: Session, running: Lines) -> tuple[RoleWait, ...]:
    c = running.c
    waiting = c.roles.contains(f'["{SignOffStatus.WAITING.value}",', autoescape=True)
    found: dict[Role, RoleWait] = {}
    for key, name, roles in session.execute(
        running.where(waiting).select(c.key, c.name, c.roles).order_by(c.name, c.id)
    ):
        for role, since in _WAITING.findall(roles):
            known = found.get(role)
            if known is None or datetime.fromisoformat(since) < known.since:
                count = known.projects if known else 0
                found[role] = RoleWait(Role(role), count + 1, datetime.fromisoformat(since), key, name)
            else:
                found[role] = replace(known, projects=known.projects + 1)
    return tuple(sorted(found.values(), key=lambda wait: wait.since))


# Canonical JSON, so that this is exactly who is waited for and since when.
_WAITING = re.compile(r'"(\w+)":\["waiting","([^"]+)"\]')


def _causes(session: Session, running: Lines) -> dict[str, int]:
    c = running.c
    counts: Counter[str] = Counter()
    for causes, number in session.execute(running.select(c.causes, func.count()).group_by(c.causes)):
        for cause in json.loads(causes):
            counts[cause] += number
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _stuck(session: Session, running: Lines) -> Stuck | None:
    c = running.c
    longest = session.execute(
        running.where(c.level == Level.BLOCKED.value)
        .select(c.key, c.name, c.since, c.top_blocker)
        .order_by(c.since, c.name, c.id)
        .limit(1)
    ).one_or_none()
    return Stuck(*longest) if longest else None
