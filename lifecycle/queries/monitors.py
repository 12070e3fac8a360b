"""What is watched on a project and how it goes: monitors, series small enough to plot, firings, arrivals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, func, select
from sqlmodel import Session, col

from lifecycle.errors import NotFound, Refused
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.monitors import spec_of
from lifecycle.facts.people import require_on_project
from lifecycle.facts.projects import load_facts, organisation_today
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.queries import projects
from lifecycle.queries.wording import all_names
from lifecycle.rules.incidents import IncidentState
from lifecycle.rules.monitors import MLFLOW, MlflowSource, MonitorSpec, planned, rule_text
from lifecycle.rules.permissions import may
from lifecycle.rules.triggers import Judgement, is_silent
from lifecycle.store.readings import stored_under
from lifecycle.store.tables import (
    Firing,
    Incident,
    Invalidation,
    Membership,
    Monitor,
    Reading,
    ReadingBatch,
    ReadingCorrection,
    ReadingFetch,
    SignOff,
)
from lifecycle.vocabulary import Actor, Blocker, Gate, Role

PLOTTED = 600  # points at most: more cannot be told apart on a screen
MOST_FIRINGS = 200
MOST_ARRIVALS = 20
READINGS_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class MonitorView:
    """One monitor as the list shows it. `incident_id` is the one that goes on, if any."""

    id: int
    project_id: int
    project_key: str
    key: str
    name: str
    state: str
    spec: MonitorSpec
    rule: str
    owner: str
    revision: int
    plan_row: str | None
    readings: int
    latest_key: str | None
    latest_at: datetime | None
    latest_value: float | None
    latest_verdict: str | None
    heard_at: datetime
    is_silent: bool
    firings: int
    incident_id: int | None

    @property
    def is_in_breach(self) -> bool:
        return self.latest_verdict == Judgement.BREACH.value


@dataclass(frozen=True, slots=True)
class MonitorRights:
    """What this person may do here."""

    create: bool
    edit: bool
    retire: bool
    push: bool
    correct: bool


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A row of the monitoring plan (R13): `monitor_key` once it is watched, `problem` where it cannot be."""

    row_id: str
    metric: str
    rule: str
    monitor_key: str | None
    problem: str


@dataclass(frozen=True, slots=True)
class LostGround:
    """A sign-off that is stale because of an incident, and why."""

    role: Role
    gate: Gate
    reason: str
    incident_id: int
    since: datetime


@dataclass(frozen=True, slots=True)
class MonitorsView:
    project_id: int
    project_key: str
    project_name: str
    is_archived: bool
    monitors: tuple[MonitorView, ...]
    plan: tuple[PlannedRow, ...]
    lost_ground: tuple[LostGround, ...]
    rights: MonitorRights


@dataclass(frozen=True, slots=True)
class Spot:
    """What is plotted at one place: one reading, or several that lie close together.

    `low` and `high` are the least and the largest of them; `limit` their mean limit.
    """

    key: str
    at: datetime
    value: float | None
    low: float | None
    high: float | None
    limit: float | None
    readings: int
    breaches: int
    missing: int


@dataclass(frozen=True, slots=True)
class FiringView:
    id: int
    kind: str
    key: str
    at: datetime
    fired_at: datetime
    value: float | None
    limit: float | None
    incident_id: int
    holds: bool


@dataclass(frozen=True, slots=True)
class ArrivalView:
    """Readings that came together, with what could not be taken."""

    id: int
    at: datetime
    who: str
    method: str
    stored: int
    unchanged: int
    missing: int
    late: int
    refused: int
    problems: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SeriesView:
    """A monitor's readings as they are plotted: `spots` in the order of time."""

    monitor: MonitorView
    spots: tuple[Spot, ...]
    firings: tuple[FiringView, ...]
    arrivals: tuple[ArrivalView, ...]
    readings: int
    breaches: int
    missing: int

    @property
    def is_aggregated(self) -> bool:
        return self.readings > len(self.spots)


@dataclass(frozen=True, slots=True)
class ReadingView:
    id: int
    key: str
    at: datetime
    value: float | None
    limit: float | None
    verdict: str
    is_corrected: bool


@dataclass(frozen=True, slots=True)
class ReadingsPage:
    """Oldest first. `next_after` is what to pass as `after` for the next page; None on the last."""

    readings: tuple[ReadingView, ...]
    next_after: int | None


# ---------------------------------------------------------------- the list


@by_its_guide
def of_project(session: Session, *, by: Actor, at: datetime, guide: Guide, key: str) -> MonitorsView:
    """Everything watched on a project, in the order it was added, and what its plan still lacks."""
    head = projects.head(session, key=key, by=by, at=at)
    found = _monitors(session, head.key, col(Monitor.project_id) == head.id, at)
    facts = load_facts(session, head.id, today=organisation_today(session, at), guide=guide)
    answer = facts.answer("R13")
    rows = answer.value if answer and isinstance(answer.value, tuple) else ()
    made = {view.plan_row: view.key for view in found if view.plan_row}
    return MonitorsView(
        project_id=head.id,
        project_key=head.key,
        project_name=head.name,
        is_archived=head.archived_at is not None,
        monitors=found,
        plan=tuple(_planned(row, made) for row in rows),
        lost_ground=_lost_ground(session, head.id),
        rights=MonitorRights(
            *(
                head.archived_at is None and head.is_adopted and may(f"monitors.{name}", by, head.roles)
                for name in ("create", "edit", "retire", "push_readings", "correct_reading")
            )
        ),
    )


def by_key(session: Session, *, by: Actor, at: datetime, project_key: str, monitor_key: str) -> MonitorView:
    """One monitor; raises NotFound also where this person may not read its project."""
    head = projects.head(session, key=project_key, by=by, at=at)
    mine = and_(col(Monitor.project_id) == head.id, col(Monitor.key) == monitor_key)
    found = _monitors(session, head.key, mine, at)
    if not found:
        raise NotFound(say("monitor"), monitor_key)
    return found[0]


def by_id(session: Session, *, by: Actor, at: datetime, monitor_id: int) -> MonitorView:
    """As `by_key`, for whoever knows its id."""
    row = session.get(Monitor, monitor_id)
    if row is None:
        raise NotFound(say("monitor"), monitor_id)
    project_key = projects.key_of(session, project_id=row.project_id)
    return by_key(session, by=by, at=at, project_key=project_key, monitor_key=row.key)


def team(session: Session, *, by: Actor, at: datetime, key: str) -> tuple[tuple[str, str], ...]:
    """Key and name of everybody with a role on the project, who may be named as the one that answers."""
    head = projects.head(session, key=key, by=by, at=at)
    names = all_names(session)
    keys = session.execute(
        select(col(Membership.person_key))
        .where(col(Membership.project_id) == head.id, col(Membership.ended_at).is_(None))
        .distinct()
    ).scalars()
    return tuple(sorted(((each, names.get(each, each)) for each in keys), key=lambda item: item[1]))


def silent(session: Session, *, at: datetime) -> tuple[int, ...]:
    """Monitors that are on, whose readings have stayed away, and that did not fire for it yet."""
    rows = session.execute(
        select(Monitor).where(col(Monitor.state) == "on", col(Monitor.expected_seconds).is_not(None))
    ).scalars()
    lapsed = [row for row in rows if is_silent(row.heard_at, spec_of(row).expected, at)]
    if not lapsed:
        return ()
    fired = {
        (monitor_id, since)
        for monitor_id, since in session.execute(
            select(col(Firing.monitor_id), col(Firing.since)).where(
                col(Firing.kind) == "silence", col(Firing.monitor_id).in_([row.id for row in lapsed])
            )
        )
    }
    open_ones = _open_projects(session, {row.project_id for row in lapsed})
    return tuple(
        row.id or 0 for row in lapsed if row.project_id in open_ones and (row.id, row.heard_at) not in fired
    )


# ---------------------------------------------------------------- what is fetched


@dataclass(frozen=True, slots=True)
class FetchView:
    """How the last try to fetch readings went; `failure` is a sentence, empty where it went well."""

    tried_at: datetime
    fetched_at: datetime | None
    next_at: datetime
    failure: str


def fetch_of(
    session: Session, *, by: Actor, at: datetime, project_key: str, monitor_id: int
) -> FetchView | None:
    """None before the first try."""
    head = projects.head(session, key=project_key, by=by, at=at)
    row = session.execute(
        select(ReadingFetch)
        .join(Monitor, col(Monitor.id) == col(ReadingFetch.monitor_id))
        .where(col(ReadingFetch.monitor_id) == monitor_id, col(Monitor.project_id) == head.id)
    ).scalar_one_or_none()
    return None if row is None else FetchView(row.tried_at, row.fetched_at, row.next_at, row.said)


def to_be_fetched(session: Session, *, by: Actor, monitor_id: int) -> MlflowSource:
    """What to ask the tracking server for. Raises as pushing would, and Refused where nothing is to be fetched."""
    row = session.get(Monitor, monitor_id)
    if row is None:
        raise NotFound(say("monitor"), monitor_id)
    require_on_project(session, "monitors.push_readings", by, row.project_id)
    source = spec_of(row).mlflow
    if source is None or row.state == "retired":
        raise Refused(Blocker("mlflow:nothing", say("This monitor fetches nothing from the MLflow server.")))
    return source


def due_for_fetching(session: Session, *, at: datetime) -> tuple[int, ...]:
    """Monitors that read from the tracking server and whose turn it is, longest waiting first."""
    rows = session.execute(
        select(Monitor, col(ReadingFetch.next_at))
        .outerjoin(ReadingFetch, col(ReadingFetch.monitor_id) == col(Monitor.id))
        .where(col(Monitor.state) != "retired", col(Monitor.reads).contains(f'"{MLFLOW}"'))
        .where(col(ReadingFetch.next_at).is_(None) | (col(ReadingFetch.next_at) <= at))
        .order_by(col(ReadingFetch.next_at), col(Monitor.id))
    ).all()
    mine = [row for row, _ in rows if spec_of(row).mlflow is not None]
    open_ones = _open_projects(session, {row.project_id for row in mine}) if mine else set()
    return tuple(row.id or 0 for row in mine if row.project_id in open_ones)


def values_under(session: Session, *, monitor_id: int, keys: Sequence[str]) -> dict[str, float | None]:
    """What these keys hold, for whoever was let in by `to_be_fetched`."""
    found = stored_under(session, monitor_id=monitor_id, keys=keys)
    return {key: row.value for key, row in found.items()}


def _open_projects(session: Session, project_ids: set[int]) -> set[int]:
    return set(session.execute(projects.changeable_ids(project_ids)).scalars())


def _lost_ground(session: Session, project_id: int) -> tuple[LostGround, ...]:
    rows = session.execute(
        select(Invalidation, col(SignOff.role), col(SignOff.gate))
        .join(SignOff, col(SignOff.id) == col(Invalidation.sign_off_id))
        .where(
            col(Invalidation.project_id) == project_id,
            col(Invalidation.closed_at).is_(None),
            col(Invalidation.cause).startswith("incident:"),
        )
        .order_by(col(Invalidation.id))
    )
    return tuple(
        LostGround(Role(role), Gate(gate), row.detail, int(row.cause.partition(":")[2]), row.opened_at)
        for row, role, gate in rows
    )


def _planned(row: Mapping[str, Any], made: Mapping[str, str]) -> PlannedRow:
    spec = planned(row)
    row_id = str(row["id"])
    missing = "" if spec else say("The plan names no threshold, or not on which side trouble is.")
    return PlannedRow(
        row_id, str(row.get("metric") or ""), rule_text(spec) if spec else "", made.get(row_id), missing
    )


def _monitors(session: Session, project_key: str, which: Any, at: datetime) -> tuple[MonitorView, ...]:
    """A number of statements that does not depend on how many monitors there are."""
    rows = list(session.execute(select(Monitor).where(which).order_by(col(Monitor.id))).scalars())
    ids = [row.id or 0 for row in rows]
    counts = dict(
        session.execute(
            select(col(ReadingBatch.monitor_id), func.sum(col(ReadingBatch.stored)))
            .where(col(ReadingBatch.monitor_id).in_(ids))
            .group_by(col(ReadingBatch.monitor_id))
        ).all()
    )
    fired = dict(
        session.execute(
            select(col(Firing.monitor_id), func.count())
            .where(col(Firing.monitor_id).in_(ids), col(Firing.ended_at).is_(None))
            .group_by(col(Firing.monitor_id))
        ).all()
    )
    goes_on = [state.value for state in IncidentState if state.goes_on]
    incidents = dict(
        session.execute(
            select(col(Incident.monitor_id), func.max(col(Incident.id)))
            .where(col(Incident.monitor_id).in_(ids), col(Incident.state).in_(goes_on))
            .group_by(col(Incident.monitor_id))
        ).all()
    )
    latest = _latest(session, ids)
    names = all_names(session)
    return tuple(
        _view(row, project_key, counts, fired, incidents, latest.get(row.id or 0), names, at) for row in rows
    )


def _latest(session: Session, ids: Sequence[int]) -> dict[int, Any]:
    """The newest reading of each, as it counts now: one look into the index for each monitor."""
    other = col(Reading.monitor_id) == col(Monitor.id)
    newest = (
        select(col(Reading.id))
        .where(other)
        .order_by(col(Reading.at).desc(), col(Reading.id).desc())
        .limit(1)
        .correlate(Monitor)
        .scalar_subquery()
    )
    value, verdict = _counting()
    statement = (
        select(col(Monitor.id), col(Reading.key), col(Reading.at), value, verdict)
        .join(Reading, col(Reading.id) == newest)
        .where(col(Monitor.id).in_(ids))
    )
    return {row[0]: row[1:] for row in session.execute(_with_corrections(statement))}


def _view(
    row: Monitor,
    project_key: str,
    counts: Mapping[int, int],
    fired: Mapping[int, int],
    incidents: Mapping[int, int],
    latest: Any,
    names: Mapping[str, str],
    at: datetime,
) -> MonitorView:
    spec = spec_of(row)
    key, moment, value, verdict = latest or (None, None, None, None)
    return MonitorView(
        id=row.id or 0,
        project_id=row.project_id,
        project_key=project_key,
        key=row.key,
        name=row.name,
        state=row.state,
        spec=spec,
        rule=rule_text(spec),
        owner=names.get(row.owner.removeprefix("@"), row.owner),
        revision=row.revision,
        plan_row=row.plan_row,
        readings=counts.get(row.id or 0, 0),
        latest_key=key,
        latest_at=moment,
        latest_value=value,
        latest_verdict=verdict,
        heard_at=row.heard_at,
        is_silent=row.state == "on" and is_silent(row.heard_at, spec.expected, at),
        firings=fired.get(row.id or 0, 0),
        incident_id=incidents.get(row.id or 0),
    )


# ---------------------------------------------------------------- one series


def series(
    session: Session, *, by: Actor, at: datetime, project_key: str, monitor_key: str, most: int = PLOTTED
) -> SeriesView:
    """A monitor's readings, at most so many spots: of many, neighbours are drawn together by the database."""
    view = by_key(session, by=by, at=at, project_key=project_key, monitor_key=monitor_key)
    spots = _spots(session, view, most)
    return SeriesView(
        monitor=view,
        spots=spots,
        firings=_firings(session, view.id),
        arrivals=_arrivals(session, view.id),
        readings=sum(spot.readings for spot in spots),
        breaches=sum(spot.breaches for spot in spots),
        missing=sum(spot.missing for spot in spots),
    )


def _spots(session: Session, view: MonitorView, most: int) -> tuple[Spot, ...]:
    has_corrections = session.execute(
        select(col(ReadingCorrection.id)).where(col(ReadingCorrection.monitor_id) == view.id).limit(1)
    ).first()
    value, verdict = _counting() if has_corrections else (col(Reading.value), col(Reading.verdict))
    rows = select(
        col(Reading.key).label("key"),
        col(Reading.at).label("at"),
        value.label("value"),
        col(Reading.bound).label("bound"),
        verdict.label("verdict"),
        col(Reading.id).label("id"),
    ).where(col(Reading.monitor_id) == view.id)
    rows = _with_corrections(rows) if has_corrections else rows
    if view.readings <= most:
        return tuple(
            Spot(
                row.key,
                row.at,
                row.value,
                row.value,
                row.value,
                row.bound,
                1,
                int(row.verdict == Judgement.BREACH.value),
                int(row.verdict == Judgement.MISSING.value),
            )
            for row in session.execute(rows.order_by(col(Reading.at), col(Reading.id)))
        )
    inner = rows.subquery()
    # By hand: ntile() takes twice as long on a hundred thousand rows.
    number = func.row_number().over(order_by=(inner.c.at, inner.c.id)) - 1
    place = ((number * most) // view.readings).label("place")
    placed = select(inner, place).subquery()
    is_breach = case((placed.c.verdict == Judgement.BREACH.value, 1), else_=0)
    is_missing = case((placed.c.verdict == Judgement.MISSING.value, 1), else_=0)
    together = (
        select(
            func.min(placed.c.key),
            func.min(placed.c.at),
            func.avg(placed.c.value),
            func.min(placed.c.value),
            func.max(placed.c.value),
            func.avg(placed.c.bound),
            func.count(),
            func.sum(is_breach),
            func.sum(is_missing),
        )
        .group_by(placed.c.place)
        .order_by(placed.c.place)
    )
    return tuple(Spot(*row) for row in session.execute(together))


def _counting() -> tuple[Any, Any]:
    """Value and verdict of a reading as they count now: those of its newest correction, if there is one."""
    is_corrected = col(ReadingCorrection.id).is_not(None)
    return (
        case((is_corrected, col(ReadingCorrection.value)), else_=col(Reading.value)),
        case((is_corrected, col(ReadingCorrection.verdict)), else_=col(Reading.verdict)),
    )


def _with_corrections(statement: Select[Any]) -> Select[Any]:
    newest = (
        select(func.max(col(ReadingCorrection.id)).label("id"))
        .group_by(col(ReadingCorrection.reading_id))
        .subquery()
    )
    corrected = and_(
        col(ReadingCorrection.reading_id) == col(Reading.id),
        col(ReadingCorrection.id).in_(select(newest.c.id)),
    )
    return statement.outerjoin(ReadingCorrection, corrected)


def _firings(session: Session, monitor_id: int) -> tuple[FiringView, ...]:
    rows = session.execute(
        select(Firing)
        .where(col(Firing.monitor_id) == monitor_id)
        .order_by(col(Firing.at).desc(), col(Firing.id).desc())
        .limit(MOST_FIRINGS)
    ).scalars()
    return tuple(
        FiringView(
            row.id or 0,
            row.kind,
            row.key,
            row.at,
            row.fired_at,
            row.value,
            row.bound,
            row.incident_id,
            row.ended_at is None,
        )
        for row in rows
    )


def _arrivals(session: Session, monitor_id: int) -> tuple[ArrivalView, ...]:
    names = all_names(session)
    rows = session.execute(
        select(ReadingBatch)
        .where(col(ReadingBatch.monitor_id) == monitor_id)
        .order_by(col(ReadingBatch.id).desc())
        .limit(MOST_ARRIVALS)
    ).scalars()
    return tuple(
        ArrivalView(
            row.id or 0,
            row.at,
            names.get(row.by_key, ""),
            row.method,
            row.stored,
            row.unchanged,
            row.missing,
            row.late,
            row.refused,
            tuple((place, text) for place, text in json.loads(row.problems)),
        )
        for row in rows
    )


def readings(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    project_key: str,
    monitor_key: str,
    after: int = 0,
    most: int = READINGS_PAGE,
) -> ReadingsPage:
    """Readings in the order in which they were stored, after the one with this id: for programs."""
    view = by_key(session, by=by, at=at, project_key=project_key, monitor_key=monitor_key)
    value, verdict = _counting()
    chosen = _with_corrections(
        select(
            col(Reading.id),
            col(Reading.key),
            col(Reading.at),
            value,
            col(Reading.bound),
            verdict,
            col(ReadingCorrection.id).is_not(None),
        ).where(col(Reading.monitor_id) == view.id, col(Reading.id) > after)
    )
    rows = session.execute(chosen.order_by(col(Reading.id)).limit(most + 1)).all()
    shown = tuple(ReadingView(*row) for row in rows[:most])
    return ReadingsPage(shown, shown[-1].id if len(rows) > most else None)
