"""The portfolio as it was at the end of a day: from the standing history, and for imported projects from the log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import func, select
from sqlmodel import Session, col

from lifecycle.canonical import moment_text
from lifecycle.errors import Invalid, Refused
from lifecycle.events import EventAction
from lifecycle.facts.projects import organisation_time_zone
from lifecycle.rules.permissions import require
from lifecycle.store.tables import Event, Project, StandingHistory
from lifecycle.vocabulary import Actor, Blocker, Gate, Stage

_MOVES = (EventAction.PROJECT_EDITED.value, EventAction.PROJECT_ADOPTED.value)
_PUT_AWAY = (EventAction.PROJECT_ARCHIVED.value, EventAction.PROJECT_RESTORED.value)
_BY_REGISTER = (EventAction.REGISTER_UNDONE.value, EventAction.REGISTER_IMPORTED.value)


@dataclass(frozen=True, slots=True)
class PastPortfolio:
    """Archived projects are left out, as they were then. `total` is the sum of `by_stage` and `unmapped`."""

    as_of: date
    total: int
    by_stage: dict[str, int]
    unmapped: int
    assessed: int  # here, by then
    not_assessed: int

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "as_of": self.as_of.isoformat()}


def past(session: Session, *, by: Actor, day: date, today: date) -> PastPortfolio:
    """The end of `day` in the organisation's time zone, in six statements.

    Raises Invalid for a day still to come, Refused where a later import moved projects and nobody can say
    where they stood, Forbidden to mere members.
    """
    require("portfolio.read_all", by)
    if day > today:
        raise Invalid({"as-of": f"{day.isoformat()} is still to come; today is {today.isoformat()}."})
    end = _end_of(day, organisation_time_zone(session))
    away = _put_away(session, end)
    stages = _assessed_stages(session, end)
    moved = _moves_after(session, end)
    found: dict[str | None, int] = {}
    unknown = assessed = 0
    for project in session.execute(select(Project).where(col(Project.created_at) < end)).scalars():
        number = project.id or 0
        if away.get(number, False):
            continue
        if number in stages:
            assessed += 1
            stage = stages[number]
        elif number in moved:
            stage = moved[number]
        elif project.stage_since < end:
            stage = project.stage
        else:
            unknown += 1
            continue
        found[stage] = found.get(stage, 0) + 1
    if unknown:
        raise Refused(_nobody_knows(unknown, day))
    total = sum(found.values())
    by_stage = {stage.value: found.get(stage.value, 0) for stage in Stage}
    return PastPortfolio(day, total, by_stage, found.get(None, 0), assessed, total - assessed)


def _end_of(day: date, time_zone: str) -> datetime:
    try:
        zone: ZoneInfo | Any = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = UTC
    return datetime.combine(day + timedelta(days=1), time.min, zone).astimezone(UTC)


def _nobody_knows(number: int, day: date) -> Blocker:
    were = "1 project was" if number == 1 else f"{number:,} projects were"
    return Blocker(
        "portfolio:unknown_past",
        f"{were} moved to another stage by a later import; where they stood on {day.isoformat()} is not known.",
    )


def _assessed_stages(session: Session, end: datetime) -> dict[int, str | None]:
    """The stage of every project that was assessed here by then: of its newest standing before `end`."""
    newest = (
        select(func.max(col(StandingHistory.id)))
        .where(col(StandingHistory.at) < end)
        .group_by(col(StandingHistory.project_id))
    )
    lines = session.execute(
        select(col(StandingHistory.project_id), col(StandingHistory.content)).where(
            col(StandingHistory.id).in_(newest)
        )
    )
    found: dict[int, str | None] = {}
    for project_id, content in lines:
        gate = json.loads(content)["project"]["gate"]
        found[project_id] = Gate(gate).stage.value if gate else None
    return found


def _put_away(session: Session, end: datetime) -> dict[int, bool]:
    """Whether a project was archived at `end`, for those that ever were before."""
    found: dict[int, bool] = {}
    for event in _events(session, (*_PUT_AWAY, *_BY_REGISTER), before=end):
        if event.action in _PUT_AWAY:
            found[_project(event)] = event.action == EventAction.PROJECT_ARCHIVED.value
            continue
        detail: Mapping[str, Any] = json.loads(event.detail)
        found |= dict.fromkeys(detail.get("archived", ()), True)
        found |= dict.fromkeys(detail.get("returned", ()), False)
    return found


def _moves_after(session: Session, end: datetime) -> dict[int, str | None]:
    """Where imported projects stood at `end` that a person or an import placed later: what the first event says."""
    found: dict[int, str | None] = {}
    for event in _events(session, (*_MOVES, *_BY_REGISTER), after=end):
        detail: Mapping[str, Any] = json.loads(event.detail)
        if event.action in _BY_REGISTER:
            for project_id, (stage, _) in detail.get("moved", {}).items():
                found.setdefault(int(project_id), stage)
            continue
        before = detail.get("before") or {}
        if event.action == EventAction.PROJECT_ADOPTED.value:
            found.setdefault(_project(event), detail.get("stage"))
        elif "stage" in before:
            found.setdefault(_project(event), before["stage"])
    return found


def _events(
    session: Session,
    actions: tuple[str, ...],
    *,
    before: datetime | None = None,
    after: datetime | None = None,
) -> list[Event]:
    """In the order in which they were recorded."""
    chosen = select(Event).where(col(Event.action).in_(actions)).order_by(col(Event.id))
    if before is not None:
        chosen = chosen.where(col(Event.at) < moment_text(before))
    if after is not None:
        chosen = chosen.where(col(Event.at) >= moment_text(after))
    return list(session.execute(chosen).scalars())


def _project(event: Event) -> int:
    return int(event.chain.partition(":")[2])
