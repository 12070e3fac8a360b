"""The example portfolio as content: data/samples/people.yaml and one file per project, told as dated steps.

Days count backwards from the day on which the example is built, so that its history is always about a year old.
Inside answers `today+30` and `today-30` stand for dates, `@handle` for a person of the example and
`source/Name` for the project's data source of that name.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lifecycle.errors import Invalid
from lifecycle.rules.releases import Move
from lifecycle.settings import PROJECT_ROOT
from lifecycle.vocabulary import Decision, Gate, OrganisationRole, Outcome, Role, Stage

SAMPLES = PROJECT_ROOT / "data" / "samples"
WORK_BEGINS = time(8, 0, tzinfo=UTC)
BETWEEN_ACTIONS = timedelta(minutes=2)
_SATURDAY = 5
_Model = TypeVar("_Model", bound=BaseModel)


class Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Ago = Annotated[int, Field(ge=1)]


class SamplePerson(Told):
    """One fictional colleague. `reviews` are the roles that others may ask them for, `level` their approvals."""

    name: str
    email: str
    organisation_role: OrganisationRole = OrganisationRole.MEMBER
    reviews: tuple[Role, ...] = ()
    level: int = 0


class Promise(Told):
    """A don't-know: who finds out, and by when."""

    owner: str
    due: str


class DecisionTold(Told):
    """A decision with words; without `decision` the favourable one that was asked for."""

    decision: Decision | None = None
    comment: str = ""
    conditions: tuple[tuple[str, str, str], ...] = ()  # what, whose, by when
    fields: tuple[str, ...] = ()


class WaiverTold(Told):
    check: str
    mitigation: str
    until: str


class ReleaseTold(Told):
    """A release of the version that is signed, made once the sign-offs of the step stand."""

    version: str
    summary: str = ""
    ready: str | None = None


class RolloutTold(Told):
    """A step of the release with this number, or its end with the minutes it took to restore."""

    number: int
    move: Move
    share: int | None = None
    note: str = ""
    minutes: int = 0


class RetirementTold(Told):
    """How a product ended; `told` gives the day on which each who used its output heard of it."""

    reason: str
    told: dict[str, str]
    downstream: str
    records_until: str
    lessons: str


class Document(Told):
    """A link, or a little file with these lines or bars, made by `demo.documents`."""

    title: str
    url: str = ""
    file: str = ""
    lines: tuple[str, ...] = ()
    bars: tuple[float, ...] = ()
    until: str | None = None
    field: str | None = None
    gate: Gate | None = None


class ReadingsTold(Told):
    """Weekly readings of the monitor that a row of the plan (R13) became, the first of them `since` days ago."""

    row: str
    since: Ago
    weekly: tuple[float | None, ...]


class IncidentTold(Told):
    """The next step of the incident that is not closed: what is written of it takes it there."""

    take_on: str = ""
    cause: str = ""
    fix: str = ""
    version: str = ""
    sign: str = ""
    lessons: str = ""


class Step(Told):
    """What happened on one day, in the order of these fields. `gate` defaults to the project's own."""

    ago: Ago
    by: str | None = None  # else whoever does this by role
    gate: Gate | None = None
    give: dict[Role, str] = {}
    source: str | None = None  # its answers are of this data source, which is added when first named
    answer: dict[str, Any] = {}
    not_applicable: dict[str, str] = {}
    dont_know: dict[str, Promise] = {}
    plan: dict[Gate, str] = {}
    evidence: tuple[Document, ...] = ()
    reasons: dict[str, str] = {}
    ask: tuple[Role, ...] = ()
    due: str | None = None
    message: str = ""
    sign: tuple[Role, ...] = ()
    decide: dict[Role, DecisionTold] = {}
    affirm: dict[Role, str] = {}
    met: dict[Role, str] = {}
    waive: tuple[WaiverTold, ...] = ()
    outcome: Outcome | None = None
    reason: str = ""
    to_stage: Stage | None = None
    release: ReleaseTold | None = None
    rollout: tuple[RolloutTold, ...] = ()
    retire: RetirementTold | None = None
    readings: tuple[ReadingsTold, ...] = ()
    incident: IncidentTold | None = None


class Story(Told):
    """One project from its registration to today."""

    name: str
    purpose: str
    organisation: str
    manager: str
    registered: Ago
    steps: tuple[Step, ...] = ()


class Samples(Told):
    people: dict[str, SamplePerson]
    stories: tuple[Story, ...]


def read_samples(folder: Path = SAMPLES) -> Samples:
    """The whole example, in the order of the file names. Raises Invalid naming file and place."""
    people = _read(folder / "people.yaml")
    files = sorted((folder / "projects").glob("*.yaml"))
    return Samples(
        people={handle: _checked(SamplePerson, each, handle) for handle, each in people.items()},
        stories=tuple(_checked(Story, _read(file), file.name) for file in files),
    )


def _checked(kind: type[_Model], content: object, place: str) -> _Model:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        problems = {
            " › ".join(str(part) for part in (place, *item["loc"])): item["msg"] for item in error.errors()
        }
        raise Invalid(problems) from error


def _read(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Invalid({file.name: f"cannot be read: {error}"}) from error
    if not isinstance(content, dict):
        raise Invalid({file.name: "must hold lines of the form “key: value”."})
    return content


# ---------------------------------------------------------------- days


class Calendar:
    """Turns "so many days ago" into days and moments. Nobody works at weekends: the Friday before is meant."""

    def __init__(self, today: date) -> None:
        self.today = today
        self._busy_until: dict[date, datetime] = {}

    def day(self, offset: int) -> date:
        """That many days from today, or the last working day before it."""
        day = self.today + timedelta(days=offset)
        return day - timedelta(days=max(0, day.weekday() - _SATURDAY + 1))

    def next_moment(self, ago: int) -> datetime:
        """The next free moment of that day, later than all before it that were given out for it."""
        day = self.day(-ago)
        moment = self._busy_until.get(day, datetime.combine(day, WORK_BEGINS))
        self._busy_until[day] = moment + BETWEEN_ACTIONS
        return moment

    def date_of(self, told: str) -> date:
        """`today+30`, `today-30`; raises ValueError for anything else."""
        return self.day(int(told.removeprefix("today")))
