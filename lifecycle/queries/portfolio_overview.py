"""The portfolio at a glance: how many projects stand where, what is stuck, on whom and since when."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col

from lifecycle.queries.portfolio import EVERYTHING, OVER, Filters, chosen, roles_of, scope, with_standing
from lifecycle.store.tables import Project, ProjectStanding, Standing
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


def choices(session: Session, *, by: Actor) -> Choices:
    """The organisations and origins among the projects this person may see."""
    organisation = func.trim(col(Project.organisation))
    found = session.execute(
        with_standing(organisation, func.count(), func.count(col(ProjectStanding.project_id)))
        .where(*scope(by))
        .group_by(organisation)
        .order_by(organisation)
    ).all()
    assessed = sum(line[2] for line in found)
    return Choices(
        {line[0]: line[1] for line in found if line[0]}, assessed, sum(line[1] for line in found) - assessed
    )


def overview(session: Session, *, by: Actor, today: date, filters: Filters = EVERYTHING) -> Overview:
    """The figures over all projects that pass the filters, in four statements."""
    where = (*scope(by), *chosen(filters))
    stages = _stages(session, where)
    assessed = session.execute(
        with_standing(
            col(Project.key),
            col(Project.name),
            col(Project.status),
            col(ProjectStanding.level),
            col(ProjectStanding.since),
            col(ProjectStanding.stale),
            col(ProjectStanding.overdue),
            col(ProjectStanding.causes),
            col(ProjectStanding.top_blocker),
            col(Standing.roles),
        )
        .outerjoin(
            Standing,
            (col(Standing.project_id) == col(Project.id)) & (col(Standing.gate) == col(Project.gate)),
        )
        .where(*where, col(ProjectStanding.project_id).is_not(None))
        .order_by(col(Project.name))
    ).all()
    running = [line for line in assessed if line.status not in OVER]
    total = sum(stage.total for stage in stages)
    return Overview(
        as_of=today,
        total=total,
        organisations=_organisations(session, where),
        stages=stages,
        levels={level: sum(line.level == level.value for line in running) for level in Level},
        waits=_waits(running),
        causes=_causes(running),
        stuck=_stuck(running),
        not_assessed=total - len(assessed),
        over=len(assessed) - len(running),
        stale=sum(line.stale > 0 for line in running),
        overdue=sum(line.overdue > 0 for line in running),
    )


def _stages(session: Session, where: Sequence[ColumnElement[bool]]) -> tuple[StageCount, ...]:
    found = session.execute(
        with_standing(
            col(Project.stage),
            col(Project.status),
            func.count(),
            func.count(col(ProjectStanding.project_id)),
        )
        .where(*where)
        .group_by(col(Project.stage), col(Project.status))
    ).all()
    return tuple(
        StageCount(
            stage,
            {status: _number(found, stage, status) for status in ProjectStatus},
            sum(line[3] for line in found if line[0] == (stage.value if stage else None)),
        )
        for stage in (*Stage, None)
    )


def _number(found: Sequence[Any], stage: Stage | None, status: ProjectStatus) -> int:
    word = stage.value if stage else None
    return sum(line[2] for line in found if line[0] == word and line[1] == status.value)


def _organisations(session: Session, where: Sequence[ColumnElement[bool]]) -> int:
    name = func.trim(col(Project.organisation))
    found = session.execute(with_standing(func.count(func.distinct(name))).where(*where, name != ""))
    return int(found.scalar_one())


def _waits(lines: Sequence[Any]) -> tuple[RoleWait, ...]:
    found: dict[Role, RoleWait] = {}
    for line in lines:
        for role, (status, since) in roles_of(line.roles).items():
            if status is not SignOffStatus.WAITING or since is None:
                continue
            known = found.get(role)
            count = known.projects + 1 if known else 1
            if known is not None and known.since <= since:
                found[role] = RoleWait(role, count, known.since, known.key, known.name)
            else:
                found[role] = RoleWait(role, count, since, line.key, line.name)
    return tuple(sorted(found.values(), key=lambda wait: wait.since))


def _causes(lines: Sequence[Any]) -> dict[str, int]:
    counts = Counter(cause for line in lines for cause in json.loads(line.causes))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _stuck(lines: Sequence[Any]) -> Stuck | None:
    blocked = [line for line in lines if line.level == Level.BLOCKED.value]
    longest = min(blocked, key=lambda line: line.since, default=None)
    if longest is None:
        return None
    return Stuck(longest.key, longest.name, longest.since, longest.top_blocker)
