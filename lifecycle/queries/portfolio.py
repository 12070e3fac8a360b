"""The projects of the portfolio: filters and pages of rows, all from standing rows in SQL.

Nothing here reads an answer, and the number of statements does not grow with the number of projects. Standing
that a date has outrun is written anew by the edge first (`facts.standing.rebuild_lapsed`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, case, exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from lifecycle.queries import projects
from lifecycle.rules.permissions import may
from lifecycle.store.tables import Project, ProjectStanding, RegisterEntry, Standing
from lifecycle.vocabulary import (
    Actor,
    Area,
    Gate,
    Level,
    ProjectStatus,
    Role,
    SignOffStatus,
    Stage,
)

UNMAPPED = "unmapped"
NOT_ASSESSED = "not_assessed"
NO_TIER = "none"
OVER = (ProjectStatus.RETIRED.value, ProjectStatus.STOPPED.value)  # no longer counted as ready or stuck

Sort = Literal["standing", "name", "waiting", "next", "debt"]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which projects to show; everything empty means all. `origin` is here (assessed) or register (not)."""

    text: str = ""
    organisation: str = ""
    stage: str = ""  # a stage or "unmapped"
    level: str = ""  # a level or "not_assessed"
    role: str = ""  # whose sign-off it waits for
    cause: str = ""  # an area or a role with a blocker
    tier: str = ""  # 1 to 4 or "none"
    status: str = ""
    origin: str = ""


EVERYTHING = Filters()


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    """One project. `level` None: it comes from a register and is not assessed here."""

    key: str
    name: str
    organisation: str
    stage: Stage | None
    gate: Gate | None
    status: ProjectStatus
    level: Level | None
    since: datetime | None
    readiness: int | None  # per mille
    weakest: Area | None
    blockers: int
    top_blocker: str
    waiting_role: Role | None
    waiting_since: datetime | None
    tier: int | None
    next_on: date | None
    next_what: str
    early_index: int | None  # per mille
    debt: int
    stale: int
    overdue: int
    stage_word: str  # the register's own word
    risk_word: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the rows that pass the filters, and how many there are, as of a day."""

    rows: tuple[PortfolioRow, ...]
    total: int
    as_of: date


# ------------------------------------------------------------------ scope and filters


def scope(by: Actor) -> tuple[ColumnElement[bool], ...]:
    """Not archived, and all of them for leadership and administrators, else one's own."""
    here = col(Project.archived_at).is_(None)
    if may("portfolio.read_all", by):
        return (here,)
    return here, col(Project.id).in_(projects.readable_ids(by))


def chosen(filters: Filters) -> list[ColumnElement[bool]]:
    """The filters as conditions over project and project_standing."""
    found: list[ColumnElement[bool]] = []
    if filters.text.strip():
        words = filters.text.split()
        found += [_has_word(word) for word in words]
    if filters.organisation:
        found.append(func.trim(col(Project.organisation)) == filters.organisation)
    if filters.stage:
        stage = None if filters.stage == UNMAPPED else filters.stage
        found.append(col(Project.stage) == stage if stage else col(Project.stage).is_(None))
    if filters.level:
        level = col(ProjectStanding.level)
        found.append(level.is_(None) if filters.level == NOT_ASSESSED else level == filters.level)
    if filters.tier:
        tier = col(ProjectStanding.tier)
        found.append(tier == int(filters.tier) if filters.tier.isdecimal() else tier.is_(None))
    if filters.status:
        found.append(col(Project.status) == filters.status)
    return found + _by_standing(filters)


def _by_standing(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    assessed = col(ProjectStanding.project_id).is_not(None)
    if filters.origin:
        found.append(assessed if filters.origin == "here" else ~assessed)
    if filters.cause:
        found.append(col(ProjectStanding.causes).contains(f'"{filters.cause}":', autoescape=True))
    if filters.role:
        # Canonical JSON has no spaces, so that this is exactly the role's status.
        waiting = f'"{filters.role}":["{SignOffStatus.WAITING.value}",'
        asked = aliased(Standing)
        found.append(
            exists().where(
                col(asked.project_id) == col(Project.id),
                col(asked.gate) == col(Project.gate),
                col(asked.roles).contains(waiting, autoescape=True),
            )
        )
    if filters.cause or filters.role:
        found.append(col(Project.status).not_in(OVER))
    return found


def _has_word(word: str) -> ColumnElement[bool]:
    name, organisation, key = col(Project.name), col(Project.organisation), col(Project.key)
    return or_(*(column.icontains(word, autoescape=True) for column in (name, organisation, key)))


def with_standing(*columns: Any) -> Select[Any]:
    """These columns of the projects, with their standing where they have one."""
    return (
        select(*columns)
        .select_from(Project)
        .outerjoin(ProjectStanding, col(ProjectStanding.project_id) == col(Project.id))
    )


# ------------------------------------------------------------------ rows


def rows(
    session: Session,
    *,
    by: Actor,
    today: date,
    filters: Filters = EVERYTHING,
    sort: Sort = "standing",
    page: int = 1,
    size: int = 50,
) -> Page:
    """One page of projects in two statements; the worst standing first unless sorted otherwise."""
    where = (*scope(by), *chosen(filters))
    total = session.execute(with_standing(func.count()).where(*where)).scalar_one()
    found = session.execute(
        with_standing(Project, ProjectStanding, RegisterEntry.stage_word, RegisterEntry.risk)
        .outerjoin(RegisterEntry, col(RegisterEntry.project_id) == col(Project.id))
        .where(*where)
        .order_by(*_order(sort), col(Project.name), col(Project.id))
        .limit(size)
        .offset((max(page, 1) - 1) * size)
    )
    return Page(tuple(_row(line) for line in found), total, today)


def after_key(
    session: Session, *, by: Actor, filters: Filters = EVERYTHING, after: str = "", most: int = 50
) -> tuple[PortfolioRow, ...]:
    """The projects whose keys follow this one, in the order of their keys: one statement, whatever came before."""
    found = session.execute(
        with_standing(Project, ProjectStanding, RegisterEntry.stage_word, RegisterEntry.risk)
        .outerjoin(RegisterEntry, col(RegisterEntry.project_id) == col(Project.id))
        .where(*scope(by), *chosen(filters), col(Project.key) > after)
        .order_by(col(Project.key))
        .limit(most)
    )
    return tuple(_row(line) for line in found)


def _order(sort: Sort) -> Sequence[Any]:
    standing = case(
        (col(Project.status).in_(OVER), len(Level) + 2),
        *((col(ProjectStanding.level) == level.value, level.order) for level in Level),
        (col(Project.stage).is_(None), len(Level)),
        else_=len(Level) + 1,
    )
    by_name: dict[Sort, Sequence[Any]] = {
        "standing": (standing, col(ProjectStanding.since).is_(None), col(ProjectStanding.since)),
        "name": (func.lower(col(Project.name)),),
        "waiting": (col(ProjectStanding.waiting_since).is_(None), col(ProjectStanding.waiting_since)),
        "next": (col(ProjectStanding.next_on).is_(None), col(ProjectStanding.next_on)),
        "debt": (func.coalesce(col(ProjectStanding.debt), -1).desc(),),
    }
    return by_name[sort]


def _row(line: Any) -> PortfolioRow:
    project, standing, stage_word, risk_word = line
    return PortfolioRow(
        key=project.key,
        name=project.name,
        organisation=project.organisation.strip(),
        stage=Stage(project.stage) if project.stage else None,
        gate=Gate(project.gate) if project.gate else None,
        status=ProjectStatus(project.status),
        stage_word=stage_word or "",
        risk_word=risk_word or "",
        **_standing(standing),
    )


def _standing(standing: ProjectStanding | None) -> dict[str, Any]:
    if standing is None:
        nothing = dict.fromkeys(
            ("level", "since", "readiness", "weakest", "waiting_role", "waiting_since", "tier", "next_on")
        )
        counts = dict.fromkeys(("blockers", "debt", "stale", "overdue"), 0)
        return {**nothing, **counts, "early_index": None, "top_blocker": "", "next_what": ""}
    return {
        "level": Level(standing.level),
        "since": standing.since,
        "readiness": standing.readiness,
        "weakest": Area(standing.weakest),
        "blockers": standing.blockers,
        "top_blocker": standing.top_blocker,
        "waiting_role": Role(standing.waiting_role) if standing.waiting_role else None,
        "waiting_since": standing.waiting_since,
        "tier": standing.tier,
        "next_on": standing.next_on,
        "next_what": standing.next_what,
        "early_index": standing.early_index,
        "debt": standing.debt,
        "stale": standing.stale,
        "overdue": standing.overdue,
    }


def roles_of(text: str | None) -> dict[Role, tuple[SignOffStatus, datetime | None]]:
    """The roles of a standing row: the status of each and since when."""
    plain = json.loads(text) if text else {}
    return {
        Role(role): (SignOffStatus(status), datetime.fromisoformat(since) if since else None)
        for role, (status, since) in plain.items()
    }
