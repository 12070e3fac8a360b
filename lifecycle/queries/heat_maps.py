"""Heat maps of the portfolio: projects by gate and by role, and organisations where there are too many to list."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from lifecycle.queries.portfolio import (
    EVERYTHING,
    OVER,
    Filters,
    PortfolioRow,
    chosen,
    roles_of,
    rows,
    scope,
    with_standing,
)
from lifecycle.store.tables import Project, ProjectStanding, Standing
from lifecycle.vocabulary import Actor, Gate, Level, Role, SignOffStatus, Stage

# The gravest first: what a cell over many projects shows.
GRAVEST: tuple[SignOffStatus, ...] = (
    SignOffStatus.REJECTED,
    SignOffStatus.CHANGES_REQUESTED,
    SignOffStatus.STALE,
    SignOffStatus.WAITING,
    SignOffStatus.NOT_ASKED,
    SignOffStatus.CONDITIONAL,
    SignOffStatus.ELSEWHERE,
    SignOffStatus.SIGNED,
)


@dataclass(frozen=True, slots=True)
class GateCell:
    """One gate of one project; `blockers` stand between it and a go."""

    level: Level
    since: datetime
    blockers: int


@dataclass(frozen=True, slots=True)
class RoleCell:
    """What one role has said at the project's current gate."""

    status: SignOffStatus
    since: datetime | None


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """One project across its gates and, at the current gate, across its roles. No cells: not assessed here."""

    row: PortfolioRow
    gates: Mapping[Gate, GateCell]
    roles: Mapping[Role, RoleCell]


@dataclass(frozen=True, slots=True)
class ProjectMap:
    """One page of projects, and how many there are."""

    lines: tuple[ProjectLine, ...]
    total: int
    as_of: date


@dataclass(frozen=True, slots=True)
class StageCell:
    """Projects of one organisation in one stage. `levels` counts the running ones that are assessed here."""

    projects: int
    levels: Mapping[Level, int]

    @property
    def worst(self) -> Level | None:
        """None when none of them is assessed here."""
        return min(self.levels, key=lambda level: level.order, default=None)


@dataclass(frozen=True, slots=True)
class StatusCell:
    """What one role has said at the current gates of one organisation's projects."""

    statuses: Mapping[SignOffStatus, int]
    oldest: datetime | None  # since when the longest waits

    @property
    def worst(self) -> SignOffStatus:
        return min(self.statuses, key=GRAVEST.index)


@dataclass(frozen=True, slots=True)
class OrganisationLine:
    """One organisation; stage None is what a person has still to place."""

    name: str
    projects: int
    stages: Mapping[Stage | None, StageCell]
    roles: Mapping[Role, StatusCell]


@dataclass(frozen=True, slots=True)
class OrganisationMap:
    """All organisations that pass the filters: those with the gravest standing first, then the largest."""

    lines: tuple[OrganisationLine, ...]
    as_of: date


def project_map(
    session: Session, *, by: Actor, today: date, filters: Filters = EVERYTHING, page: int = 1, size: int = 40
) -> ProjectMap:
    """A page of projects, the worst first, in four statements."""
    found = rows(session, by=by, today=today, filters=filters, page=page, size=size)
    keys = [row.key for row in found.rows]
    gates: dict[str, dict[Gate, GateCell]] = defaultdict(dict)
    roles: dict[str, dict[Role, RoleCell]] = {}
    for key, current, standing in session.execute(
        select(col(Project.key), col(Project.gate), Standing)
        .join(Project, col(Project.id) == col(Standing.project_id))
        .where(col(Project.key).in_(keys))
    ):
        gates[key][Gate(standing.gate)] = GateCell(Level(standing.level), standing.since, standing.blockers)
        if standing.gate == current:
            roles[key] = {role: RoleCell(*said) for role, said in roles_of(standing.roles).items()}
    lines = tuple(ProjectLine(row, gates.get(row.key, {}), roles.get(row.key, {})) for row in found.rows)
    return ProjectMap(lines, found.total, today)


def organisation_map(
    session: Session, *, by: Actor, today: date, filters: Filters = EVERYTHING
) -> OrganisationMap:
    """Every organisation in two statements, whatever the number of projects."""
    counts: dict[str, Counter[Stage | None]] = defaultdict(Counter)
    levels: dict[str, dict[Stage | None, Counter[Level]]] = defaultdict(lambda: defaultdict(Counter))
    organisation = func.trim(col(Project.organisation))
    is_over = col(Project.status).in_(OVER)
    found = session.execute(
        with_standing(organisation, col(Project.stage), is_over, col(ProjectStanding.level), func.count())
        .where(*scope(by), *chosen(filters))
        .group_by(organisation, col(Project.stage), is_over, col(ProjectStanding.level))
    )
    for name, word, over, level, number in found:
        stage = Stage(word) if word else None
        counts[name][stage] += number
        if level and not over:
            levels[name][stage][Level(level)] += number
    roles = _roles(session, by, filters)
    lines = [
        OrganisationLine(
            name=name,
            projects=sum(stages.values()),
            stages={stage: StageCell(count, dict(levels[name][stage])) for stage, count in stages.items()},
            roles=roles.get(name, {}),
        )
        for name, stages in counts.items()
    ]
    return OrganisationMap(tuple(sorted(lines, key=_gravest_first)), today)


def _gravest_first(line: OrganisationLine) -> tuple[int, int, str]:
    worst = [cell.worst.order for cell in line.stages.values() if cell.worst is not None]
    return min(worst, default=len(Level)), -line.projects, line.name


def _roles(session: Session, by: Actor, filters: Filters) -> dict[str, dict[Role, StatusCell]]:
    found = session.execute(
        with_standing(func.trim(col(Project.organisation)), col(Standing.roles))
        .join(
            Standing,
            (col(Standing.project_id) == col(Project.id)) & (col(Standing.gate) == col(Project.gate)),
        )
        .where(*scope(by), *chosen(filters), col(Project.status).not_in(OVER))
    )
    said: dict[str, dict[Role, list[tuple[SignOffStatus, datetime | None]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for name, text in found:
        for role, cell in roles_of(text).items():
            said[name][role].append(cell)
    return {
        name: {role: _status_cell(cells) for role, cells in roles.items()} for name, roles in said.items()
    }


def _status_cell(cells: list[tuple[SignOffStatus, datetime | None]]) -> StatusCell:
    waiting = [since for status, since in cells if status is SignOffStatus.WAITING and since]
    return StatusCell(dict(Counter(status for status, _ in cells)), min(waiting, default=None))
