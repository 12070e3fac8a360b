"""The plan of one project: the schedule backward from go-live, the forecast, the dates that do not move."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.canonical import digest
from lifecycle.facts.calendars import organisation_calendar
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.projects import load_facts, organisation_time_zone, organisation_today, today_in
from lifecycle.guide import Guide
from lifecycle.queries import projects
from lifecycle.queries.gates import allowed_actions
from lifecycle.queries.projects import ProjectHead
from lifecycle.rules.calendars import WorkCalendar
from lifecycle.rules.forecasting import Forecast, Simulation, simulate
from lifecycle.rules.gates import GOES
from lifecycle.rules.planning import (
    Consequence,
    FixedDate,
    Schedule,
    Spread,
    consequences,
    fixed_dates,
    lead_times,
    schedule,
    stage_lengths,
    with_go_live,
)
from lifecycle.rules.project_facts import GateDecisionFact, ProjectFacts
from lifecycle.rules.reviews import ENDED
from lifecycle.store.tables import GateDecision, Project, Review, SignOff, TargetDate
from lifecycle.vocabulary import Actor, Gate, Outcome, ProjectStatus, Role, Stage

MOST_OBSERVED = 400  # the newest decisions per role that lead times are taken from
_OF_STAGE = {Gate.DISCOVERY, Gate.FEASIBILITY, Gate.DESIGN, Gate.MODEL, Gate.LAUNCH}


@dataclass(frozen=True, slots=True)
class Observed:
    """Working days that reviews and stages took in this organisation; pairs, so that a cache can tell them apart."""

    by_role: tuple[tuple[Role, tuple[int, ...]], ...]
    by_stage: tuple[tuple[Stage, tuple[int, ...]], ...]

    @property
    def leads(self) -> Mapping[Role, tuple[int, ...]]:
        return dict(self.by_role)

    @property
    def stages(self) -> Mapping[Stage, tuple[int, ...]]:
        return dict(self.by_stage)


@dataclass(frozen=True, slots=True)
class StagePast:
    """A stage that is over, or the one that goes on (`ended_on` None)."""

    stage: Stage
    began_on: date
    ended_on: date | None


@dataclass(frozen=True, slots=True)
class PlanView:
    """All that the plan's page shows. `forecast` is None once live, and for what ended."""

    project: ProjectHead
    today: date
    schedule: Schedule
    targets: Mapping[Gate, date]
    forecast: Forecast | None
    fixed: tuple[FixedDate, ...]
    past: tuple[StagePast, ...]
    lengths: Mapping[Stage, Spread]
    leads: Mapping[Role, Spread]
    may: frozenset[str]

    @property
    def proposed(self) -> dict[Gate, date]:
        """Dates that follow from the go-live date and that nobody set; only those still to come."""
        return {
            plan.gate: plan.on
            for plan in self.schedule.gates
            if plan.on and plan.is_derived and plan.on >= self.today
        }


@dataclass(frozen=True, slots=True)
class MovedPlan:
    """What another go-live date would make of the plan."""

    schedule: Schedule
    forecast: Forecast | None
    consequences: tuple[Consequence, ...]


# ---------------------------------------------------------------- views


@by_its_guide
def plan(
    session: Session, *, by: Actor, at: datetime, guide: Guide, key: str, observed: Observed
) -> PlanView:
    """Raises NotFound for a project that does not exist or that this person may not read."""
    known = _load(session, by, at, guide, key, observed)
    return PlanView(
        project=known.head,
        today=known.facts.today,
        schedule=known.scheduled(known.facts),
        targets=known.targets,
        forecast=known.forecasted(known.facts),
        fixed=fixed_dates(known.facts),
        past=_past(known.facts.decisions, known.facts.stage, known.began_on, known.entered_on),
        lengths=known.lengths,
        leads=known.leads,
        may=allowed_actions(by, known.head),
    )


@by_its_guide
def moved(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    key: str,
    observed: Observed,
    go_live: date,
) -> MovedPlan:
    """The same plan with another go-live date, and which checks would then fail or pass. Nothing is stored."""
    known = _load(session, by, at, guide, key, observed)
    facts = with_go_live(known.facts, go_live)
    if Gate.LAUNCH in known.targets:
        known.targets[Gate.LAUNCH] = go_live
    return MovedPlan(
        known.scheduled(facts), known.forecasted(facts), consequences(known.facts, guide, go_live)
    )


@dataclass(frozen=True)
class _Known:
    head: ProjectHead
    facts: ProjectFacts
    guide: Guide
    targets: dict[Gate, date]
    began_on: date
    entered_on: date
    calendar: WorkCalendar
    observed: Observed
    leads: dict[Role, Spread]
    lengths: dict[Stage, Spread]

    def scheduled(self, facts: ProjectFacts) -> Schedule:
        return schedule(
            facts,
            self.guide,
            targets=self.targets,
            leads=self.leads,
            lengths=self.lengths,
            calendar=self.calendar,
            entered_on=self.entered_on,
        )

    def forecasted(self, facts: ProjectFacts) -> Forecast | None:
        """Seeded by the place and the day, so that everybody sees the same figures all day, on the roadmap too."""
        is_over = facts.status in ENDED or facts.status is ProjectStatus.LIVE or facts.live_since is not None
        if is_over or facts.stage is None:
            return None
        spent = max(self.calendar.between(self.entered_on, facts.today), 0)
        runs = simulated(self.guide, self.observed, self.calendar, facts.today, facts.stage, spent)
        return runs.towards(self.scheduled(facts).go_live)


def simulated(
    guide: Guide, observed: Observed, calendar: WorkCalendar, today: date, stage: Stage, spent: int
) -> Simulation:
    """The runs of everything that has spent as many working days in this stage as of today."""
    return simulate(
        today=today,
        stage=stage,
        spent=spent,
        observed=observed.stages,
        defaults=stage_lengths(guide, {}),
        calendar=calendar,
        chance=random.Random(digest([stage, spent, today])),
    )


def _load(session: Session, by: Actor, at: datetime, guide: Guide, key: str, observed: Observed) -> _Known:
    head = projects.head(session, key=key, by=by, at=at)
    today = organisation_today(session, at)
    zone = organisation_time_zone(session)
    row = session.get_one(Project, head.id)
    rows = session.execute(select(TargetDate).where(col(TargetDate.project_id) == head.id)).scalars()
    return _Known(
        head=head,
        facts=load_facts(session, head.id, guide=guide, today=today),
        guide=guide,
        targets={Gate(target.gate): target.on_date for target in rows},
        began_on=today_in(zone, row.created_at),
        entered_on=today_in(zone, row.stage_since),
        calendar=organisation_calendar(session, today),
        observed=observed,
        leads=lead_times(guide, observed.leads),
        lengths=stage_lengths(guide, observed.stages),
    )


def _past(
    decisions: tuple[GateDecisionFact, ...], stage: Stage | None, began_on: date, entered_on: date
) -> tuple[StagePast, ...]:
    """The stages as they were walked through, a recycled one once more."""
    found: list[StagePast] = []
    since = began_on
    for made in decisions:
        if made.gate in _OF_STAGE and made.outcome in (*GOES, Outcome.RECYCLE):
            on = made.at.date()
            found.append(StagePast(made.gate.stage, since, on))
            since = on
    if stage is not None:
        found.append(StagePast(stage, entered_on, None))
    return tuple(found)


# ---------------------------------------------------------------- what was observed


def observed(session: Session, *, today: date) -> Observed:
    """Working days from asking to deciding by role, and of finished stages, over all projects begun here."""
    calendar = organisation_calendar(session, today)
    return Observed(tuple(_leads(session, calendar).items()), tuple(_stages(session, calendar).items()))


def _leads(session: Session, calendar: WorkCalendar) -> dict[Role, tuple[int, ...]]:
    """From the first decision that each request led to; affirming and withdrawing are no answer to a request."""
    found: dict[Role, tuple[int, ...]] = {}
    for role in Role:
        lines = session.execute(
            select(col(Review.requested_at), col(SignOff.at))
            .join(SignOff, col(SignOff.review_id) == col(Review.id))
            .where(
                col(SignOff.role) == role.value,
                col(SignOff.affirms).is_(None),
                col(SignOff.withdraws).is_(None),
            )
            .order_by(col(SignOff.id).desc())
            .limit(MOST_OBSERVED)
        )
        if days := tuple(calendar.between(asked.date(), made.date()) for asked, made in lines):
            found[role] = days
    return found


def _stages(session: Session, calendar: WorkCalendar) -> dict[Stage, tuple[int, ...]]:
    """From entering a stage to the go at its gate. What went back or stopped is no finished stage."""
    goes = [outcome.value for outcome in GOES]
    lines = session.execute(
        select(
            col(GateDecision.project_id),
            col(GateDecision.gate),
            col(GateDecision.outcome),
            col(GateDecision.at),
            col(Project.created_at),
        )
        .join(Project, col(Project.id) == col(GateDecision.project_id))
        .where(col(GateDecision.gate).in_([gate.value for gate in _OF_STAGE]))
        .order_by(col(GateDecision.project_id), col(GateDecision.id))
    )
    found: dict[Stage, list[int]] = defaultdict(list)
    project, since = None, None
    for project_id, gate, outcome, at, created_at in lines:
        if project_id != project:
            project, since = project_id, created_at.date()
        if outcome in goes and since is not None:
            found[Gate(gate).stage].append(max(calendar.between(since, at.date()), 1))
        since = at.date()
    return {stage: tuple(days) for stage, days in found.items()}
