"""Heat maps of the portfolio: projects by gate and by role, and organisations where there are too many to list."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from lifecycle.facts.projects import end_of_day, organisation_time_zone
from lifecycle.queries.portfolio import EVERYTHING, OVER, Filters, PortfolioRow, choose, roles_of, rows
from lifecycle.queries.portfolio_overview import Counted, Overview, Wait, figures, overview_of
from lifecycle.store.tables import Project, Standing, StandingHistory
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
    roles: str = "{}"  # as stored: see `portfolio.roles_of`


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
    session: Session,
    *,
    by: Actor,
    today: date,
    filters: Filters = EVERYTHING,
    page: int = 1,
    size: int = 40,
    as_of: date | None = None,
) -> ProjectMap:
    """A page of projects, the worst first, in a handful of statements."""
    found = rows(session, by=by, today=today, filters=filters, page=page, size=size, as_of=as_of)
    keys = [row.key for row in found.rows]
    gates = _gates_now(session, keys) if as_of is None else _gates_past(session, keys, as_of)
    lines = []
    for row in found.rows:
        cells = gates.get(row.key, {})
        said = roles_of(cells[row.gate].roles) if row.gate in cells else {}
        lines.append(ProjectLine(row, cells, {role: RoleCell(*cell) for role, cell in said.items()}))
    return ProjectMap(tuple(lines), found.total, found.as_of)


def _gates_now(session: Session, keys: Sequence[str]) -> dict[str, dict[Gate, GateCell]]:
    found: dict[str, dict[Gate, GateCell]] = defaultdict(dict)
    for key, row in session.execute(
        select(col(Project.key), Standing)
        .join(Project, col(Project.id) == col(Standing.project_id))
        .where(col(Project.key).in_(keys))
    ):
        found[key][Gate(row.gate)] = GateCell(Level(row.level), row.since, row.blockers, row.roles)
    return found


def _gates_past(session: Session, keys: Sequence[str], day: date) -> dict[str, dict[Gate, GateCell]]:
    """From the history, which keeps all gates: of each project the newest entry of that day or before."""
    end = end_of_day(day, organisation_time_zone(session))
    entry = aliased(StandingHistory)
    newest = (
        select(col(entry.id))
        .where(col(entry.project_id) == col(Project.id), col(entry.at) < end)
        .order_by(col(entry.at).desc(), col(entry.id).desc())
        .limit(1)
        .correlate(Project)
        .scalar_subquery()
    )
    found = session.execute(
        select(col(Project.key), col(StandingHistory.content))
        .join(StandingHistory, col(StandingHistory.id) == newest)
        .where(col(Project.key).in_(keys))
    )
    return {
        key: {
            Gate(gate): GateCell(
                Level(row["level"]), datetime.fromisoformat(row["since"]), row["blockers"], row["roles"]
            )
            for gate, row in json.loads(content)["gates"].items()
        }
        for key, content in found
    }


def organisation_map(
    session: Session, *, by: Actor, today: date, filters: Filters = EVERYTHING, as_of: date | None = None
) -> OrganisationMap:
    """Every organisation, whatever the number of projects."""
    line = choose(session, by, filters, as_of)
    return organisation_map_of(figures(session, line, by, filters), as_of or today)


@dataclass(frozen=True, slots=True)
class Glance:
    """The figures and the map of organisations, counted together."""

    overview: Overview
    organisations: OrganisationMap


def glance(
    session: Session, *, by: Actor, today: date, filters: Filters = EVERYTHING, as_of: date | None = None
) -> Glance:
    """What the overview's page shows first, from one reading of the figures."""
    line = choose(session, by, filters, as_of)
    found, day = figures(session, line, by, filters), as_of or today
    return Glance(overview_of(session, line, found, day), organisation_map_of(found, day))


def organisation_map_of(found: Counted, day: date) -> OrganisationMap:
    """The map of lines that were counted already."""
    counts: dict[str, Counter[Stage | None]] = defaultdict(Counter)
    levels: dict[str, dict[Stage | None, Counter[Level]]] = defaultdict(lambda: defaultdict(Counter))
    for (name, word, status, level), number in found.cells.items():
        stage = _STAGES[word] if word else None
        counts[name][stage] += number
        if level and status not in OVER:
            levels[name][stage][_LEVELS[level]] += number
    roles: dict[str, dict[Role, dict[SignOffStatus, int]]] = defaultdict(lambda: defaultdict(dict))
    for (name, role, status), number in found.said.items():
        roles[name][_ROLES[role]][_STATUSES[status]] = number
    lines = [
        OrganisationLine(
            name=name,
            projects=sum(stages.values()),
            stages={stage: StageCell(count, dict(levels[name][stage])) for stage, count in stages.items()},
            roles={
                role: StatusCell(statuses, _since(found.oldest.get((name, role.value))))
                for role, statuses in roles[name].items()
            },
        )
        for name, stages in counts.items()
    ]
    return OrganisationMap(tuple(sorted(lines, key=_gravest_first)), day)


# Thousands of words become members: looking them up is several times as fast as calling the class.
_STAGES = {stage.value: stage for stage in Stage}
_LEVELS = {level.value: level for level in Level}
_ROLES = {role.value: role for role in Role}
_STATUSES = {status.value: status for status in SignOffStatus}


def _since(wait: Wait | None) -> datetime | None:
    return datetime.fromisoformat(wait[0]) if wait else None


def _gravest_first(line: OrganisationLine) -> tuple[int, int, str]:
    worst = [cell.worst.order for cell in line.stages.values() if cell.worst is not None]
    return min(worst, default=len(Level)), -line.projects, line.name
