"""The projects of the portfolio: filters and pages of rows, today or as of a day, all in SQL.

Nothing here reads an answer, and the number of statements does not grow with the number of projects. Standing
that a date has outrun is written anew by the edge first (`facts.standing.rebuild_lapsed`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, case, func, or_
from sqlmodel import Session

from lifecycle.facts.standing import words_of
from lifecycle.queries import projects
from lifecycle.queries.portfolio_lines import Lines, lines_of
from lifecycle.rules.permissions import may
from lifecycle.store import tallies
from lifecycle.vocabulary import Actor, Area, Gate, Level, ProjectStatus, Role, SignOffStatus, Stage

UNMAPPED = "unmapped"
NOT_ASSESSED = "not_assessed"
NO_TIER = "none"
OVER = tallies.OVER

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


def choose(session: Session, by: Actor, filters: Filters = EVERYTHING, as_of: date | None = None) -> Lines:
    """The projects in the portfolio that this person may see and that pass, today or at the end of `as_of`.

    All of them for leadership and administrators, else those one has a role on now. Raises Refused where a later
    import moved projects and nobody can say where they stood.
    """
    found = lines_of(session, as_of)
    where = [found.c.archived.is_(False)]
    if not may("portfolio.read_all", by):
        where.append(found.c.id.in_(projects.readable_ids(by)))
    return found.where(*where, *_passing(found.c, filters))


def _passing(line: Any, filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [_has_word(line, word) for word in filters.text.split()]
    if filters.organisation:
        found.append(line.organisation == filters.organisation)
    if filters.stage:
        found.append(line.stage.is_(None) if filters.stage == UNMAPPED else line.stage == filters.stage)
    if filters.level:
        found.append(line.level.is_(None) if filters.level == NOT_ASSESSED else line.level == filters.level)
    if filters.tier:
        found.append(line.tier == int(filters.tier) if filters.tier.isdecimal() else line.tier.is_(None))
    if filters.status:
        found.append(line.status == filters.status)
    return found + _by_standing(line, filters)


def _by_standing(line: Any, filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.origin:
        found.append(line.level.is_not(None) if filters.origin == "here" else line.level.is_(None))
    if filters.cause:
        found.append(line.causes.contains(f'"{filters.cause}":', autoescape=True))
    if filters.role:
        # Canonical JSON has no spaces, so that this is exactly the role's status.
        waiting = f'"{filters.role}":["{SignOffStatus.WAITING.value}",'
        found.append(line.roles.contains(waiting, autoescape=True))
    if filters.cause or filters.role:
        found.append(line.status.not_in(OVER))
    return found


def _has_word(line: Any, word: str) -> ColumnElement[bool]:
    return or_(
        *(column.icontains(word, autoescape=True) for column in (line.name, line.organisation, line.key))
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
    as_of: date | None = None,
) -> Page:
    """One page of projects in two statements; the worst standing first unless sorted otherwise.

    All of them are sorted and counted by what is short, and only those of the page are read whole.
    """
    line = choose(session, by, filters, as_of)
    place = (max(page, 1) - 1) * size
    sorted_ids = session.execute(
        line.select(line.c.id, func.count().over().label("total"))
        .order_by(*_order(line.c, sort), line.c.name, line.c.id)
        .limit(size)
        .offset(place)
    ).all()
    if not sorted_ids:
        total = session.execute(line.select(func.count())).scalar_one() if place else 0
        return Page((), total, as_of or today)
    ids = [each.id for each in sorted_ids]
    shown = line.where(line.c.id.in_(ids)).select(line.c.id, *(line.c[name] for name in _READ))
    found = {each.id: each for each in session.execute(shown)}
    return Page(tuple(_row(found[each]) for each in ids), sorted_ids[0].total, as_of or today)


def after_key(
    session: Session, *, by: Actor, filters: Filters = EVERYTHING, after: str = "", most: int = 50
) -> tuple[PortfolioRow, ...]:
    """The projects whose keys follow this one, in the order of their keys: one statement, whatever came before."""
    line = choose(session, by, filters)
    found = session.execute(
        line.select(*(line.c[name] for name in _READ))
        .where(line.c.key > after)
        .order_by(line.c.key)
        .limit(most)
    )
    return tuple(_row(each) for each in found)


_SHOWN = tuple(column.name for column in fields(PortfolioRow))
_READ = (*_SHOWN, "retold")


def _order(line: Any, sort: Sort) -> Sequence[Any]:
    standing = case(
        (line.status.in_(OVER), len(Level) + 2),
        *((line.level == level.value, level.order) for level in Level),
        (line.stage.is_(None), len(Level)),
        else_=len(Level) + 1,
    )
    by_name: dict[Sort, Sequence[Any]] = {
        "standing": (standing, line.since.is_(None), line.since),
        "name": (func.lower(line.name),),
        "waiting": (line.waiting_since.is_(None), line.waiting_since),
        "next": (line.next_on.is_(None), line.next_on),
        "debt": (func.coalesce(line.debt, -1).desc(),),
    }
    return by_name[sort]


def _row(line: Any) -> PortfolioRow:
    said = {name: line._mapping[name] for name in _SHOWN}
    counts = {name: said[name] or 0 for name in ("blockers", "debt", "stale", "overdue")}
    words = {name: said[name] or "" for name in ("stage_word", "risk_word")}
    words |= {name: words_of(line, name) for name in ("top_blocker", "next_what")}
    return PortfolioRow(
        **{
            **said,
            **counts,
            **words,
            "stage": Stage(line.stage) if line.stage else None,
            "gate": Gate(line.gate) if line.gate else None,
            "status": ProjectStatus(line.status),
            "level": Level(line.level) if line.level else None,
            "weakest": Area(line.weakest) if line.weakest else None,
            "waiting_role": Role(line.waiting_role) if line.waiting_role else None,
        }
    )


def roles_of(text: str | None) -> dict[Role, tuple[SignOffStatus, datetime | None]]:
    """The roles of a standing row: the status of each and since when."""
    plain = json.loads(text) if text else {}
    return {
        Role(role): (SignOffStatus(status), datetime.fromisoformat(since) if since else None)
        for role, (status, since) in plain.items()
    }
