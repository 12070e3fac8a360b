"""The roadmap: where every running project is heading, what will be late, by how much, and whom to ask by when.

The same rules as a project's own plan, over all projects at once: from their standing, their target dates and the
go-live date they answered, in a handful of statements. Reviews are told for the gate ahead.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.facts.calendars import organisation_calendar
from lifecycle.facts.editions import guides_of
from lifecycle.facts.projects import organisation_time_zone, today_in
from lifecycle.guide import Guide
from lifecycle.queries.plans import Observed, simulated
from lifecycle.queries.portfolio import EVERYTHING, OVER, Filters, choose, roles_of
from lifecycle.rules.calendars import WorkCalendar
from lifecycle.rules.forecasting import Forecast, Simulation
from lifecycle.rules.planning import (
    GO_LIVE,
    MEDIAN,
    SAFE,
    ReviewPlan,
    Spread,
    Timing,
    gate_dates,
    gates_ahead,
    lead_times,
    percentile,
    stage_lengths,
    timed,
)
from lifecycle.store.tables import CurrentAnswer, Project, TargetDate
from lifecycle.vocabulary import Act, Actor, AnswerState, Gate, Level, Role, SignOffStatus, Stage

_SETTLED = (SignOffStatus.SIGNED, SignOffStatus.CONDITIONAL)
_ON_THEIR_WAY = (Gate.DISCOVERY, Gate.FEASIBILITY, Gate.DESIGN, Gate.MODEL, Gate.LAUNCH)


@dataclass(frozen=True, slots=True)
class GateDate:
    """`is_derived`: nobody set it; it is the latest day that the gate after it leaves."""

    gate: Gate
    on: date
    is_derived: bool


@dataclass(frozen=True, slots=True)
class RoadmapLine:
    """One project on its way to go-live. Days late count working days, of the likely and the safe date."""

    key: str
    name: str
    organisation: str
    stage: Stage
    gate: Gate
    level: Level
    entered_on: date
    in_stage: int  # days so far, as the calendar has them
    gates: tuple[GateDate, ...]
    go_live: date | None
    forecast: Forecast
    days_late: int | None  # None: there is no date to be late for
    days_late_safe: int | None
    gate_overdue: int  # working days since the date of the gate ahead
    asks: tuple[ReviewPlan, ...]  # the next to be late first

    @property
    def is_late(self) -> bool:
        return bool(self.days_late or self.gate_overdue or any(ask.timing.is_late for ask in self.asks))


@dataclass(frozen=True, slots=True)
class StageAge:
    """How long the projects now in a stage have been there, in days, beside what finished ones took in all.

    `finished` is in working days and says of how many stages it is; 0 is the guide's default.
    """

    stage: Stage
    projects: int
    median: int
    safe: int  # the 85th percentile
    longest: int
    longest_key: str
    longest_name: str
    finished: Spread


@dataclass(frozen=True, slots=True)
class Roadmap:
    """Late ones first: by the most working days, then those that may be late, then by date; undated ones last."""

    today: date
    lines: tuple[RoadmapLine, ...]
    ages: tuple[StageAge, ...]

    @property
    def asks(self) -> tuple[tuple[RoadmapLine, ReviewPlan], ...]:
        """Everything still to be asked or waited for, the latest first."""
        every = [(line, ask) for line in self.lines for ask in line.asks]
        return tuple(sorted(every, key=lambda pair: (*_urgency(pair[1]), pair[0].name)))


def roadmap(
    session: Session,
    *,
    by: Actor,
    today: date,
    guide: Guide,
    observed: Observed,
    filters: Filters = EVERYTHING,
) -> Roadmap:
    """Running projects that are assessed here and not live yet, in five statements."""
    calendar = organisation_calendar(session, today)
    zone = organisation_time_zone(session)
    every = choose(session, by, filters)
    c = every.c
    line = every.where(
        c.level.is_not(None),
        c.status.not_in(OVER),
        c.gate.in_([gate.value for gate in _ON_THEIR_WAY]),
    )
    found = session.execute(
        line.select(
            c.id,
            c.key,
            c.name,
            c.organisation,
            c.stage,
            c.gate,
            c.level,
            c.tier,
            c.roles,
            col(Project.stage_since),
        ).join(Project, col(Project.id) == c.id)
    ).all()
    drawn = _Drawn(
        today=today,
        guide=guide,
        guides=guides_of(session, guide, [each.id for each in found]),
        observed=observed,
        calendar=calendar,
        zone=zone,
        targets=_targets(session, line),
        go_lives=_go_lives(session, line),
        leads=lead_times(guide, observed.leads),
        lengths=stage_lengths(guide, observed.stages),
    )
    lines = sorted((drawn.line(each) for each in found), key=_lateness)
    return Roadmap(today, tuple(lines), tuple(_ages(lines, drawn.lengths)))


def _targets(session: Session, line: Any) -> dict[int, dict[Gate, date]]:
    found: dict[int, dict[Gate, date]] = defaultdict(dict)
    for row in session.execute(
        select(TargetDate.project_id, TargetDate.gate, TargetDate.on_date).where(  # type: ignore[call-overload]
            col(TargetDate.project_id).in_(line.select(line.c.id))
        )
    ):
        found[row.project_id][Gate(row.gate)] = row.on_date
    return found


def _go_lives(session: Session, line: Any) -> dict[int, date]:
    """What was answered for the first go-live."""
    answered = session.execute(
        select(col(CurrentAnswer.project_id), col(CurrentAnswer.value)).where(
            col(CurrentAnswer.project_id).in_(line.select(line.c.id)),
            col(CurrentAnswer.source_id) == 0,
            col(CurrentAnswer.field_id) == GO_LIVE,
            col(CurrentAnswer.state) == AnswerState.ANSWERED.value,
        )
    )
    return {project_id: date.fromisoformat(json.loads(value)) for project_id, value in answered if value}


class _Drawn:
    """All that the lines have in common; simulations are shared by projects that stand at the same place."""

    def __init__(
        self,
        *,
        today: date,
        guide: Guide,
        guides: Mapping[int, Guide],
        observed: Observed,
        calendar: WorkCalendar,
        zone: str,
        targets: Mapping[int, Mapping[Gate, date]],
        go_lives: Mapping[int, date],
        leads: Mapping[Role, Spread],
        lengths: Mapping[Stage, Spread],
    ) -> None:
        self.today, self.guide, self.guides = today, guide, guides
        self.observed, self.calendar = observed, calendar
        self.zone, self.targets, self.go_lives = zone, targets, go_lives
        self.leads, self.lengths = leads, lengths
        self._simulated: dict[tuple[Stage, int], Simulation] = {}

    def line(self, row: Any) -> RoadmapLine:
        stage, gate = Stage(row.stage), Gate(row.gate)
        targets = self.targets.get(row.id, {})
        go_live = self.go_lives.get(row.id) or targets.get(Gate.LAUNCH)
        dates = gate_dates(gates_ahead(gate), targets, go_live, self.lengths, self.calendar)
        entered_on = today_in(self.zone, row.stage_since)
        found = self._runs(stage, entered_on).towards(go_live)
        return RoadmapLine(
            key=row.key,
            name=row.name,
            organisation=row.organisation,
            stage=stage,
            gate=gate,
            level=Level(row.level),
            entered_on=entered_on,
            in_stage=max((self.today - entered_on).days, 0),
            gates=tuple(GateDate(each, on, each not in targets) for each, on in sorted(dates.items())),
            go_live=go_live,
            forecast=found,
            days_late=self._late(go_live, found.likely_on),
            days_late_safe=self._late(go_live, found.safe_on),
            gate_overdue=self._late(dates.get(gate), self.today) or 0,
            asks=tuple(sorted(self._asks(row, gate, dates.get(gate)), key=_urgency)),
        )

    def _runs(self, stage: Stage, entered_on: date) -> Simulation:
        spent = max(self.calendar.between(entered_on, self.today), 0)
        if (stage, spent) not in self._simulated:
            self._simulated[stage, spent] = simulated(
                self.guide, self.observed, self.calendar, self.today, stage, spent
            )
        return self._simulated[stage, spent]

    def _late(self, target: date | None, on: date) -> int | None:
        return max(self.calendar.between(target, on), 0) if target else None

    def _asks(self, row: Any, gate: Gate, on: date | None) -> Iterator[ReviewPlan]:
        """Required reviews of the gate ahead that nobody has signed; a consultation holds nothing up."""
        said = roles_of(row.roles)
        for spec in self.guides[row.id].reviews(gate, tier=row.tier):
            status, since = said.get(spec.role, (None, None))
            if spec.act is Act.CONSULT or spec.only_when_stale or status is None or status in _SETTLED:
                continue
            lead = self.leads.get(spec.role, Spread(0, 0))
            plan = ReviewPlan(gate, spec.role, spec.act, Timing.UNDATED, lead)
            yield timed(plan, self._asked_on(status, since), on, self.today, self.calendar)

    def _asked_on(self, status: SignOffStatus, since: datetime | None) -> date | None:
        return since.date() if status is SignOffStatus.WAITING and since else None


def _lateness(line: RoadmapLine) -> tuple[Any, ...]:
    dated = line.days_late is not None
    return (
        not dated,
        -(line.days_late or 0),
        -(line.days_late_safe or 0),
        line.go_live or date.max,
        line.name,
    )


def _urgency(ask: ReviewPlan) -> tuple[Any, ...]:
    """The most days late first, then by the last day on which asking still helps."""
    return (-ask.days_late, not ask.timing.is_late, ask.last_call or date.max, ask.role.value)


def _ages(lines: list[RoadmapLine], lengths: Mapping[Stage, Spread]) -> Iterator[StageAge]:
    for stage in Stage:
        here = [line for line in lines if line.stage is stage]
        if not here:
            continue
        days = [line.in_stage for line in here]
        longest = max(here, key=lambda line: line.in_stage)
        yield StageAge(
            stage=stage,
            projects=len(here),
            median=percentile(days, MEDIAN),
            safe=percentile(days, SAFE),
            longest=longest.in_stage,
            longest_key=longest.key,
            longest_name=longest.name,
            finished=lengths[stage],
        )
