"""One line per project of the portfolio: as it is now, or as it was at the end of a past day.

Both have the same columns, so that everything that counts, filters or sorts them is written once. Now is read from
the projects and their standing; the past from `project_past` and `standing_past`, where every change is a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, bindparam, func, literal, select
from sqlmodel import Session, col

from lifecycle.errors import Refused
from lifecycle.facts.projects import end_of_day, organisation_time_zone
from lifecycle.language import say_count
from lifecycle.store.tables import (
    Project,
    ProjectPast,
    ProjectStanding,
    RegisterEntry,
    Standing,
    StandingPast,
)
from lifecycle.vocabulary import Blocker

_END = "end of the day"
_STANDING = (
    "level", "weakest", "since", "readiness", "tier", "early_index", "debt", "open_questions", "blockers",
    "top_blocker", "causes", "waiting_role", "waiting_since", "stale", "overdue", "next_on", "next_what",
    "retold",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Lines:
    """Some lines: `c` has the columns. `level` is null for what is not assessed here, and all of standing with it."""

    source: Subquery
    end: datetime | None  # of the day as of which; None: now
    conditions: tuple[ColumnElement[bool], ...] = ()

    @property
    def c(self) -> Any:
        return self.source.c

    def where(self, *conditions: ColumnElement[bool]) -> Lines:
        """Those of them for which all of these hold too."""
        return replace(self, conditions=(*self.conditions, *conditions))

    def select(self, *columns: Any) -> Select[Any]:
        """These columns of the lines."""
        return self._bound(select(*columns).select_from(self.source).where(*self.conditions))

    def _bound(self, statement: Select[Any]) -> Select[Any]:
        return statement if self.end is None else statement.params({_END: self.end})


def lines_of(session: Session, as_of: date | None) -> Lines:
    """The lines of all projects, archived ones too, now or at the end of `as_of` in the organisation's time zone.

    Raises Refused where a register moved projects before their past was kept.
    """
    if as_of is None:
        return Lines(_now(), None)
    found = Lines(_past(), end_of_day(as_of, organisation_time_zone(session)))
    of_old = select(col(ProjectPast.id)).where(col(ProjectPast.known).is_(False)).limit(1)
    if session.execute(of_old).first() is None:
        return found
    unknown = session.execute(
        found.where(found.c.known.is_(False), found.c.archived.is_(False)).select(func.count())
    ).scalar_one()
    if unknown:
        raise Refused(_nobody_knows(unknown, as_of))
    return found


def _nobody_knows(number: int, day: date) -> Blocker:
    return Blocker(
        "portfolio:unknown_past",
        say_count(
            "1 project was moved to another stage by a later import; where they stood on {day} is not known.",
            "{number:,} projects were moved to another stage by a later import; "
            "where they stood on {day} is not known.",
            number,
            day=day.isoformat(),
        ),
    )


@cache
def _now() -> Subquery:
    return (
        select(
            col(Project.id).label("id"),
            col(Project.key).label("key"),
            func.trim(col(Project.name)).label("name"),
            func.trim(col(Project.organisation)).label("organisation"),
            col(Project.stage).label("stage"),
            col(Project.gate).label("gate"),
            col(Project.status).label("status"),
            col(Project.origin).label("origin"),
            col(Project.adopted_at).is_not(None).label("adopted"),
            col(Project.archived_at).is_not(None).label("archived"),
            col(RegisterEntry.stage_word).label("stage_word"),
            col(RegisterEntry.risk).label("risk_word"),
            literal(True).label("known"),
            *_labelled(ProjectStanding),
            col(Standing.roles).label("roles"),
        )
        .select_from(Project)
        .outerjoin(ProjectStanding, col(ProjectStanding.project_id) == col(Project.id))
        .outerjoin(
            Standing,
            (col(Standing.project_id) == col(Project.id)) & (col(Standing.gate) == col(Project.gate)),
        )
        .outerjoin(RegisterEntry, col(RegisterEntry.project_id) == col(Project.id))
        .subquery("line")
    )


@cache
def _past() -> Subquery:
    return (
        select(
            col(Project.id).label("id"),
            col(Project.key).label("key"),
            col(ProjectPast.name).label("name"),
            col(ProjectPast.organisation).label("organisation"),
            col(ProjectPast.stage).label("stage"),
            col(ProjectPast.gate).label("gate"),
            col(ProjectPast.status).label("status"),
            col(ProjectPast.origin).label("origin"),
            col(ProjectPast.adopted).label("adopted"),
            col(ProjectPast.archived).label("archived"),
            col(ProjectPast.stage_word).label("stage_word"),
            col(ProjectPast.risk).label("risk_word"),
            col(ProjectPast.known).label("known"),
            *_labelled(StandingPast),
            col(StandingPast.roles).label("roles"),
        )
        .select_from(Project)
        .join(ProjectPast, col(ProjectPast.id) == _newest(ProjectPast))
        .outerjoin(StandingPast, col(StandingPast.id) == _newest(StandingPast))
        .subquery("line")
    )


def _labelled(table: Any) -> Sequence[Any]:
    return [getattr(table, name).label(name) for name in _STANDING]


def _newest(table: type[ProjectPast] | type[StandingPast]) -> Any:
    """The row of a project that held at the end of the day: the index gives it at once."""
    row = table.__table__.alias()  # type: ignore[union-attr]
    return (
        select(row.c.id)
        .where(row.c.project_id == col(Project.id), row.c.at < bindparam(_END, type_=row.c.at.type))
        .order_by(row.c.at.desc(), row.c.id.desc())
        .limit(1)
        .correlate(Project)
        .scalar_subquery()
    )
