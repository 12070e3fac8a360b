"""The portfolio in figures: what the command line and the API print, counted by the database."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import Session, col

from lifecycle.errors import Forbidden
from lifecycle.rules.permissions import refusal
from lifecycle.store.tables import Project, ProjectStanding, RegisterEntry
from lifecycle.vocabulary import Actor, Level, ProjectStatus, Stage


@dataclass(frozen=True, slots=True)
class Imported:
    """Projects from registers that are not adopted, and what their registers say of risk: never a tier."""

    count: int = 0
    adopted: int = 0
    by_risk_word: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Projects assessed here, by level and by weakest area; the retired and the stopped are left out."""

    assessed: int = 0
    not_assessed: int = 0
    by_level: dict[str, int] = field(default_factory=dict)
    by_weakest_area: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PortfolioSummary:
    """Archived projects are left out. `total` is the sum of `by_stage` and `unmapped`; `by_status` knows the mapped."""

    as_of: date
    total: int
    by_stage: dict[str, int]
    unmapped: int
    by_status: dict[str, int]
    by_tier: dict[str, int]
    imported: Imported
    organisations: int
    by_organisation: dict[str, int]
    readiness: Readiness

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "as_of": self.as_of.isoformat()}


_HERE = col(Project.archived_at).is_(None)


def summary(session: Session, *, by: Actor, today: date) -> PortfolioSummary:
    """Counts over all projects, in six statements whatever their number. Raises Forbidden to mere members."""
    if sentence := refusal("portfolio.read_all", by):
        raise Forbidden(sentence)
    stages = _counts(
        session, select(col(Project.stage), func.count()).where(_HERE).group_by(col(Project.stage))
    )
    organisations = _by_organisation(session)
    return PortfolioSummary(
        as_of=today,
        total=sum(stages.values()),
        by_stage={stage.value: stages.get(stage.value, 0) for stage in Stage},
        unmapped=stages.get("", 0),
        by_status=_by_status(session),
        by_tier=_by_tier(session, sum(stages.values())),
        imported=_imported(session),
        organisations=len([name for name in organisations if name]),
        by_organisation=organisations,
        readiness=_readiness(session, sum(stages.values())),
    )


def _counts(session: Session, statement: Select[Any, int]) -> dict[str, int]:
    """Number of projects by a word; none at all is ""."""
    return {(word or "").strip(): count for word, count in session.execute(statement)}


def _by_status(session: Session) -> dict[str, int]:
    """What mapped projects do; an unmapped one is known to do nothing."""
    found = _counts(
        session,
        select(col(Project.status), func.count())
        .where(_HERE, col(Project.stage).is_not(None))
        .group_by(col(Project.status)),
    )
    return {status.value: found.get(status.value, 0) for status in ProjectStatus}


def _by_tier(session: Session, total: int) -> dict[str, int]:
    lines = session.execute(
        select(col(ProjectStanding.tier), func.count())
        .join(Project, col(Project.id) == col(ProjectStanding.project_id))
        .where(_HERE, col(ProjectStanding.tier).is_not(None))
        .group_by(col(ProjectStanding.tier))
    )
    known = {str(tier): count for tier, count in lines}
    tiers = {str(tier): known.get(str(tier), 0) for tier in range(1, 5)}
    return {**tiers, "none": total - sum(tiers.values())}


def _imported(session: Session) -> Imported:
    words = _counts(
        session,
        select(col(RegisterEntry.risk), func.count())
        .join(Project, col(Project.id) == col(RegisterEntry.project_id))
        .where(_HERE)
        .group_by(col(RegisterEntry.risk)),
    )
    adopted = session.execute(
        select(func.count())
        .select_from(Project)
        .where(_HERE, col(Project.origin) == "register", col(Project.adopted_at).is_not(None))
    ).scalar_one()
    return Imported(
        sum(words.values()), adopted, dict(sorted(words.items(), key=lambda item: (-item[1], item[0])))
    )


def _by_organisation(session: Session) -> dict[str, int]:
    lines = session.execute(
        select(func.trim(col(Project.organisation)), func.count())
        .where(_HERE)
        .group_by(func.trim(col(Project.organisation)))
    )
    return dict(sorted((name, count) for name, count in lines))


def _readiness(session: Session, total: int) -> Readiness:
    lines = list(
        session.execute(
            select(col(ProjectStanding.level), col(ProjectStanding.weakest), func.count())
            .join(Project, col(Project.id) == col(ProjectStanding.project_id))
            .where(
                _HERE, col(Project.status).not_in([ProjectStatus.RETIRED.value, ProjectStatus.STOPPED.value])
            )
            .group_by(col(ProjectStanding.level), col(ProjectStanding.weakest))
        )
    )
    levels = {level.value: 0 for level in Level}
    areas: dict[str, int] = {}
    for level, weakest, count in lines:
        levels[level] += count
        areas[weakest] = areas.get(weakest, 0) + count
    assessed = sum(levels.values())
    return Readiness(assessed, total - assessed, levels, dict(sorted(areas.items())))
