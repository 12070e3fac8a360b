"""The portfolio in figures: what the command line and the API print, counted by the database."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import func
from sqlmodel import Session

from lifecycle.errors import Forbidden, Invalid
from lifecycle.language import say
from lifecycle.queries.portfolio import OVER, choose
from lifecycle.queries.portfolio_lines import Lines
from lifecycle.rules.permissions import refusal
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


def summary(session: Session, *, by: Actor, today: date, as_of: date | None = None) -> PortfolioSummary:
    """Counts over all projects, today or at the end of `as_of`, in as many statements whatever their number.

    Raises Forbidden to mere members, Invalid for a day still to come, Refused where nobody can know.
    """
    if sentence := refusal("portfolio.read_all", by):
        raise Forbidden(sentence)
    refuse_days_to_come(as_of, today)
    line = choose(session, by, as_of=as_of)
    c = line.c
    stages = _counts(session, line, c.stage)
    total = sum(stages.values())
    statuses = _counts(session, line.where(c.stage.is_not(None)), c.status)
    organisations = dict(sorted(_counts(session, line, c.organisation).items()))
    return PortfolioSummary(
        as_of=as_of or today,
        total=total,
        by_stage={stage.value: stages.get(stage.value, 0) for stage in Stage},
        unmapped=stages.get("", 0),
        by_status={status.value: statuses.get(status.value, 0) for status in ProjectStatus},
        by_tier=_tiers(session, line, total),
        imported=_imported(session, line),
        organisations=len([name for name in organisations if name]),
        by_organisation=organisations,
        readiness=_readiness(session, line, total),
    )


def refuse_days_to_come(as_of: date | None, today: date) -> None:
    if as_of is not None and as_of > today:
        raise Invalid(
            {
                "as-of": say(
                    "{as_of} is still to come; today is {today}.",
                    as_of=as_of.isoformat(),
                    today=today.isoformat(),
                )
            }
        )


def _counts(session: Session, line: Lines, column: Any) -> dict[str, int]:
    """Number of projects by a word; none at all is ""."""
    found: Counter[str] = Counter()
    for word, count in session.execute(line.select(column, func.count()).group_by(column)):
        found[str(word if word is not None else "").strip()] += count
    return dict(found)


def _tiers(session: Session, line: Lines, total: int) -> dict[str, int]:
    known = _counts(session, line, line.c.tier)
    tiers = {str(tier): known.get(str(tier), 0) for tier in range(1, 5)}
    return {**tiers, "none": total - sum(tiers.values())}


def _imported(session: Session, line: Lines) -> Imported:
    c = line.c
    registered = line.where(c.origin == "register")
    words = _counts(session, registered, c.risk_word)
    adopted = session.execute(registered.where(c.adopted.is_(True)).select(func.count())).scalar_one()
    ordered = dict(sorted(words.items(), key=lambda item: (-item[1], item[0])))
    return Imported(sum(words.values()), adopted, ordered)


def _readiness(session: Session, line: Lines, total: int) -> Readiness:
    c = line.c
    found = session.execute(
        line.where(c.level.is_not(None), c.status.not_in(OVER))
        .select(c.level, c.weakest, func.count())
        .group_by(c.level, c.weakest)
    )
    levels = {level.value: 0 for level in Level}
    areas: Counter[str] = Counter()
    for level, weakest, count in found:
        levels[level] += count
        areas[weakest] += count
    assessed = sum(levels.values())
    return Readiness(assessed, total - assessed, levels, dict(sorted(areas.items())))
