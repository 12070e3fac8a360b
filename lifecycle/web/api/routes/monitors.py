"""Monitors and their readings: pushed one by one or many at once, by keys that make sending again harmless."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import AwareDatetime, Field

from lifecycle.actions import monitors as actions
from lifecycle.actions.monitors import Pushed
from lifecycle.errors import Invalid
from lifecycle.queries import monitors
from lifecycle.queries.monitors import MonitorView
from lifecycle.rules.incidents import IncidentSeverity
from lifecycle.rules.monitors import MlflowSource, MonitorSpec
from lifecycle.rules.readings import NewReading, Problem
from lifecycle.rules.triggers import Direction, LimitKind, Missing
from lifecycle.web.api.asking import Asking, Reading, WritingMonitors, WritingReadings
from lifecycle.web.api.problems import Described, problem_response
from lifecycle.web.api.shapes import Cursor, Given, Limit, PageOf, ProjectKey, Shape, number_cursor, page

router = APIRouter(tags=["Monitors and readings"])
MOST_AT_ONCE = 100_000
LONGEST_SECONDS = 10 * 366 * 24 * 3_600
NOT_THERE = frozenset({"", "na", "n/a", "nan", "null", "none"})
MonitorKey = Annotated[str, Path(pattern="^[a-z0-9-]{1,60}$", description="The monitor's key.")]
ReadingKey = Annotated[
    str, Path(max_length=400, description="What names the reading for good, such as its time.")
]
_REFUSED: Described = {
    409: problem_response("A known key comes with another value, or the monitor takes no readings")
}


class NewestShape(Shape):
    key: str
    at: datetime | None
    value: float | None
    verdict: str | None


class MlflowShape(Shape):
    """The metric that is fetched from the MLflow server: of the runs of an experiment or of a registered model."""

    metric: str
    experiment: str
    model: str


class MonitorShape(Shape):
    """One monitor. `rule` says in words when it fires."""

    project: str
    key: str
    name: str
    state: str
    rule: str
    direction: Direction
    limit: LimitKind
    threshold: float | None
    baseline: float | None
    consecutive: int
    lasting_seconds: int | None
    missing: Missing
    expected_seconds: int | None
    severity: IncidentSeverity
    owner: str
    action: str
    mlflow: MlflowShape | None
    readings: int
    newest: NewestShape | None
    firings: int
    is_silent: bool
    incident: int | None = Field(description="The one that is under way.")


class MonitorsShape(Shape):
    project: str
    items: list[MonitorShape]


class GivenMlflow(Given):
    """Name an experiment or a registered model, not both."""

    metric: str = Field(max_length=10_000)
    experiment: str = Field("", max_length=10_000)
    model: str = Field("", max_length=10_000)


class NewMonitor(Given):
    """A rule as for `triggers replay`: a breach is a value strictly below or above the threshold."""

    name: str = Field(max_length=10_000)
    direction: Direction
    limit: LimitKind = Field(
        LimitKind.FIXED, description="What `threshold` is; row: each reading brings its own limit."
    )
    threshold: float | None = Field(None, allow_inf_nan=False)
    baseline: float | None = Field(None, allow_inf_nan=False)
    consecutive: int = Field(1, ge=1, le=10_000)
    lasting_seconds: int | None = Field(None, ge=1, le=LONGEST_SECONDS)
    missing: Missing = Missing.SKIP
    expected_seconds: int | None = Field(
        None, ge=1, le=LONGEST_SECONDS, description="Silence beyond it fires."
    )
    severity: IncidentSeverity = IncidentSeverity.MAJOR
    owner: str = Field("", max_length=10_000)
    action: str = Field("", max_length=100_000)
    calls_retraining: bool = False
    mlflow: GivenMlflow | None = Field(
        None, description="Readings are fetched from the server's MLflow tracking server."
    )


class GivenValue(Given):
    """`value` null, or a word such as NA: it is missing. Whatever else is no number is kept as a problem."""

    value: Any
    limit: Any = None
    at: AwareDatetime | None = Field(
        None, description="Without it, what the key says as a date or time, else now."
    )


class GivenReading(GivenValue):
    key: str = Field(max_length=10_000)


class ManyReadings(Given):
    readings: list[GivenReading] = Field(min_length=1, max_length=MOST_AT_ONCE)


class WhereAndWhy(Shape):
    where: str
    text: str


class PushedShape(Shape):
    """What became of it. `fires_at` are the keys at which it fires; 2xx: all of this is on the disk."""

    project: str
    monitor: str
    points: int
    stored: int
    unchanged: int = Field(description="Known already, with the same value.")
    refused: int = Field(description="No readings: named in `problems` and kept with the arrival.")
    missing: int
    late: int
    breaches: int
    fires_at: list[str]
    no_longer_fires_at: list[str]
    incident: int | None
    problems: list[WhereAndWhy]


class ReadingShape(Shape):
    key: str
    at: datetime
    value: float | None
    limit: float | None
    verdict: str
    is_corrected: bool


class Correction(Given):
    value: float | None = Field(allow_inf_nan=False)
    reason: str = Field(max_length=100_000)


# ---------------------------------------------------------------- monitors


@router.get("/projects/{key}/monitors")
def list_monitors(asking: Reading, key: ProjectKey) -> MonitorsShape:
    """What is watched."""
    with asking.read() as session:
        found = monitors.of_project(session, by=asking.by, at=asking.at, guide=asking.guide, key=key)
    return MonitorsShape(project=key, items=[_shape(each) for each in found.monitors])


@router.get("/projects/{key}/monitors/{monitor}")
def read_monitor(asking: Reading, key: ProjectKey, monitor: MonitorKey) -> MonitorShape:
    """One monitor with its newest reading."""
    with asking.read() as session:
        return _shape(
            monitors.by_key(session, by=asking.by, at=asking.at, project_key=key, monitor_key=monitor)
        )


@router.post("/projects/{key}/monitors", status_code=201, responses={409: problem_response("A rule says no")})
def add_monitor(
    asking: WritingMonitors, key: ProjectKey, given: NewMonitor, response: Response
) -> MonitorShape:
    """Watch something."""
    told = given.model_dump(exclude={"limit", "mlflow"})
    source = None if given.mlflow is None else MlflowSource(**given.mlflow.model_dump())
    with asking.write() as session:
        head = asking.project(session, key)
        number = actions.create(
            session,
            by=asking.by,
            at=asking.at,
            project_id=head.id,
            spec=MonitorSpec(limit_kind=given.limit, **told).fetching(source),
        )
        made = _shape(monitors.by_id(session, by=asking.by, at=asking.at, monitor_id=number))
    response.headers["Location"] = f"/api/v1/projects/{key}/monitors/{made.key}"
    return made


# ---------------------------------------------------------------- readings


@router.get("/projects/{key}/monitors/{monitor}/readings")
def list_readings(
    asking: Reading,
    key: ProjectKey,
    monitor: MonitorKey,
    request: Request,
    response: Response,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> PageOf[ReadingShape]:
    """Readings in the order in which they were stored, as they count now."""
    after = number_cursor(cursor) or 0
    with asking.read() as session:
        found = monitors.readings(
            session,
            by=asking.by,
            at=asking.at,
            project_key=key,
            monitor_key=monitor,
            after=after,
            most=limit,
        )
    shown = [
        ReadingShape(**{name: getattr(each, name) for name in ReadingShape.model_fields})
        for each in found.readings
    ]
    return page(PageOf[ReadingShape], request, response, shown, found.next_after)


@router.post("/projects/{key}/monitors/{monitor}/readings", responses=_REFUSED)
def push_readings(
    asking: WritingReadings, key: ProjectKey, monitor: MonitorKey, given: ManyReadings
) -> PushedShape:
    """Store many readings at once. Sent again they change nothing; a known key with another value refuses all."""
    return _pushed(key, monitor, len(given.readings), _push(asking, key, monitor, given.readings))


@router.put("/projects/{key}/monitors/{monitor}/readings/{reading}", responses=_REFUSED)
def push_reading(
    asking: WritingReadings, key: ProjectKey, monitor: MonitorKey, reading: ReadingKey, given: GivenValue
) -> PushedShape:
    """Store one reading under its key. Sent again it changes nothing."""
    one = GivenReading(key=reading, value=given.value, limit=given.limit, at=given.at)
    done = _push(asking, key, monitor, [one])
    if done.problems:  # kept with the arrival, and still nothing that the sender may take for stored
        raise Invalid({each.place: each.text for each in done.problems})
    return _pushed(key, monitor, 1, done)


@router.post("/projects/{key}/monitors/{monitor}/readings/{reading}/corrections", responses=_REFUSED)
def correct_reading(
    asking: WritingReadings, key: ProjectKey, monitor: MonitorKey, reading: ReadingKey, given: Correction
) -> PushedShape:
    """Say what a reading should have said, and how you know. The reading itself stays on record."""
    with asking.write() as session:
        view = monitors.by_key(session, by=asking.by, at=asking.at, project_key=key, monitor_key=monitor)
        done = actions.correct(
            session,
            by=asking.by,
            at=asking.at,
            guide=asking.guide,
            monitor_id=view.id,
            key=reading,
            value=given.value,
            reason=given.reason,
        )
    return _pushed(key, monitor, 1, done)


def _push(asking: Asking, key: str, monitor: str, given: Iterable[GivenReading]) -> Pushed:
    readings: list[NewReading] = []
    unreadable: list[Problem] = []
    for place, each in enumerate(given, 1):
        try:
            at = each.at.astimezone(UTC) if each.at else None
            readings.append(NewReading(each.key, _number(each.value), _number(each.limit), at))
        except (ValueError, OverflowError) as error:
            unreadable.append(Problem(each.key[:60] or f"Reading {place}", str(error)))
    with asking.write() as session:
        view = monitors.by_key(session, by=asking.by, at=asking.at, project_key=key, monitor_key=monitor)
        return actions.push(
            session,
            by=asking.by,
            at=asking.at,
            guide=asking.guide,
            monitor_id=view.id,
            readings=readings,
            unreadable=unreadable,
            method="api",
        )


def _number(said: Any) -> float | None:
    """A number, or None for what says that there is none; raises ValueError with a sentence for all else."""
    if said is None or (isinstance(said, str) and said.strip().casefold() in NOT_THERE):
        return None
    if isinstance(said, str | int | float) and not isinstance(said, bool):
        try:
            return float(said)
        except (ValueError, OverflowError):
            pass
    raise ValueError(f"“{str(said)[:40]}” is not a number.")


def _pushed(key: str, monitor: str, points: int, done: Pushed) -> PushedShape:
    return PushedShape(
        project=key,
        monitor=monitor,
        points=points,
        stored=done.stored,
        unchanged=done.unchanged,
        refused=done.refused,
        missing=done.missing,
        late=done.late,
        breaches=done.breaches,
        fires_at=list(done.fires_at),
        no_longer_fires_at=list(done.ended),
        incident=done.incident_id,
        problems=[WhereAndWhy(where=each.place, text=each.text) for each in done.problems],
    )


def _shape(view: MonitorView) -> MonitorShape:
    spec = view.spec
    newest = (
        NewestShape(
            key=view.latest_key, at=view.latest_at, value=view.latest_value, verdict=view.latest_verdict
        )
        if view.latest_key
        else None
    )
    return MonitorShape(
        project=view.project_key,
        key=view.key,
        name=view.name,
        state=view.state,
        rule=view.rule,
        direction=spec.direction,
        limit=spec.limit_kind,
        threshold=spec.threshold,
        baseline=spec.baseline,
        consecutive=spec.consecutive,
        lasting_seconds=spec.lasting_seconds,
        missing=spec.missing,
        expected_seconds=spec.expected_seconds,
        severity=spec.severity,
        owner=view.owner,
        action=spec.action,
        mlflow=MlflowShape(**asdict(spec.mlflow)) if spec.mlflow else None,
        readings=view.readings,
        newest=newest,
        firings=view.firings,
        is_silent=view.is_silent,
        incident=view.incident_id,
    )
