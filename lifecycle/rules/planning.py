"""From the go-live date backward: by when each gate has to be passed, and by when each role has to be asked.

Lead times and stage lengths count in working days. A role's lead time is the organisation's default until enough
of its decisions were observed; then its median says when asking is too late and its 85th percentile when it is
safe. A gate without a date of its own takes the latest day that the gate after it leaves, given the usual length
of the stage between them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from lifecycle.guide import Guide, ReviewSpec
from lifecycle.language import mark, say
from lifecycle.rules.calendars import WorkCalendar
from lifecycle.rules.checks.evaluation import judge_all
from lifecycle.rules.project_facts import AnswerFact, ProjectFacts, Value
from lifecycle.rules.signoffs import required_reviews, sign_off_status
from lifecycle.vocabulary import Act, AnswerState, CheckResult, Gate, Role, Stage

ENOUGH = 5  # decisions or stages observed before they speak for themselves
MEDIAN, SAFE = 0.5, 0.85
GO_LIVE = "D37"


# ---------------------------------------------------------------- how long things take


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something takes, in working days: the median and the 85th percentile, and of how many cases.

    `observed` 0: the default of the guide, nothing having been observed often enough.
    """

    typical: int
    safe: int
    observed: int = 0


def percentile(values: Sequence[int], share: float) -> int:
    """The smallest of the values that at least this share of them do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1]


def spread(default: Spread, observed: Sequence[int]) -> Spread:
    """What was observed, once there is enough of it; the default before."""
    if len(observed) < ENOUGH:
        return default
    return Spread(percentile(observed, MEDIAN), percentile(observed, SAFE), len(observed))


def lead_times(guide: Guide, observed: Mapping[Role, Sequence[int]]) -> dict[Role, Spread]:
    """The lead time of every role that the policy knows."""
    return {
        role: spread(Spread(days, days), observed.get(role, ()))
        for role, days in guide.policy.lead_days.items()
    }


def stage_lengths(guide: Guide, observed: Mapping[Stage, Sequence[int]]) -> dict[Stage, Spread]:
    """The usual length of every stage; Production's is the time from entering it to the Launch gate."""
    return {
        stage: spread(Spread(days.typical, days.safe), observed.get(stage, ()))
        for stage, days in guide.policy.stage_days.items()
    }


# ---------------------------------------------------------------- the schedule


class Timing(StrEnum):
    """How one review stands against the date of its gate."""

    SIGNED = "signed"
    ASKED = "asked"  # and usually decided in time
    ASKED_LATE = "asked_late"  # usually decided only after the gate
    AHEAD = "ahead"
    TIGHT = "tight"  # past the safe day, and still before the last one
    TOO_LATE = "too_late"
    UNDATED = "undated"

    @property
    def is_late(self) -> bool:
        return self in (Timing.TOO_LATE, Timing.ASKED_LATE)


@dataclass(frozen=True, slots=True)
class ReviewPlan:
    """One required review. `ask_by` is the safe day to ask, `last_call` the day after which asking is too late.

    `expected_on`: when the decision is usually there, asked when it was or today. `days_late` counts working days
    after the gate's date.
    """

    gate: Gate
    role: Role
    act: Act
    timing: Timing
    lead: Spread
    ask_by: date | None = None
    last_call: date | None = None
    asked_on: date | None = None
    expected_on: date | None = None
    days_late: int = 0


@dataclass(frozen=True, slots=True)
class GatePlan:
    """One gate still ahead. `is_derived`: nobody set its date, it follows from the gate after it.

    `days_left` are the working days from today, or from the gate before where that is later, to its date;
    `days_usual` is what its stage usually takes, as far as it has not been spent already.
    """

    gate: Gate
    on: date | None
    is_derived: bool
    reviews: tuple[ReviewPlan, ...]
    days_left: int | None = None
    days_usual: int = 0

    @property
    def days_short(self) -> int:
        return max(self.days_usual - self.days_left, 0) if self.days_left is not None else 0

    @property
    def is_late(self) -> bool:
        return any(review.timing.is_late for review in self.reviews)


@dataclass(frozen=True, slots=True)
class Schedule:
    """All gates still ahead, in their order, and the date that they work towards."""

    today: date
    go_live: date | None
    gates: tuple[GatePlan, ...]

    @property
    def reviews(self) -> tuple[ReviewPlan, ...]:
        return tuple(review for plan in self.gates for review in plan.reviews)

    @property
    def late(self) -> tuple[ReviewPlan, ...]:
        return tuple(review for review in self.reviews if review.timing.is_late)


def schedule(
    facts: ProjectFacts,
    guide: Guide,
    *,
    targets: Mapping[Gate, date],
    leads: Mapping[Role, Spread],
    lengths: Mapping[Stage, Spread],
    calendar: WorkCalendar,
    entered_on: date | None = None,
) -> Schedule:
    """The plan of everything that is still ahead. `targets` are the dates that people set for gates.

    `entered_on` is the day on which the current stage began: the time it has had counts as spent.
    """
    go_live = planned_go_live(facts, targets)
    ahead = gates_ahead(facts.gate or Gate.DISCOVERY)
    dates = gate_dates(ahead, targets, go_live, lengths, calendar)
    plans: list[GatePlan] = []
    begins = facts.today
    for gate in ahead:
        on = dates.get(gate)
        reviews = tuple(
            _review(facts, guide, gate, spec, on, leads, calendar)
            for spec in required_reviews(facts, guide, gate)
        )
        plans.append(
            GatePlan(
                gate,
                on,
                on is not None and gate not in targets,
                reviews,
                calendar.between(begins, on) if on else None,
                _usual(facts, gate, lengths, calendar, entered_on),
            )
        )
        begins = max(begins, on) if on else begins
    return Schedule(facts.today, go_live, tuple(plans))


def planned_go_live(facts: ProjectFacts, targets: Mapping[Gate, date]) -> date | None:
    """The date answered for the first go-live, else the one set for the Launch gate."""
    answer = facts.answer(GO_LIVE)
    if answer and answer.state is AnswerState.ANSWERED and isinstance(answer.value, date):
        return answer.value
    return targets.get(Gate.LAUNCH)


def gates_ahead(now: Gate) -> tuple[Gate, ...]:
    """From the gate it works towards to Launch; once live, the coming Operate review."""
    if now is Gate.OPERATE:
        return (Gate.OPERATE,)
    return tuple(gate for gate in Gate if now.order <= gate.order <= Gate.LAUNCH.order)


def gate_dates(
    ahead: Sequence[Gate],
    targets: Mapping[Gate, date],
    go_live: date | None,
    lengths: Mapping[Stage, Spread],
    calendar: WorkCalendar,
) -> dict[Gate, date]:
    """The date of every gate ahead: its target, else the latest day that the gate after it leaves."""
    found: dict[Gate, date] = {}
    latest = go_live
    for gate in reversed(ahead):
        on = targets.get(gate, latest if gate is not Gate.OPERATE else None)
        if on is not None:
            found[gate] = on
            latest = calendar.back(on, lengths[gate.stage].typical)
    return found


def _usual(
    facts: ProjectFacts,
    gate: Gate,
    lengths: Mapping[Stage, Spread],
    calendar: WorkCalendar,
    entered_on: date | None,
) -> int:
    if gate is Gate.OPERATE:
        return 0
    usual = lengths[gate.stage].typical
    if gate is facts.gate and entered_on is not None:
        usual -= calendar.between(entered_on, facts.today)
    return max(usual, 0)


def _review(
    facts: ProjectFacts,
    guide: Guide,
    gate: Gate,
    spec: ReviewSpec,
    on: date | None,
    leads: Mapping[Role, Spread],
    calendar: WorkCalendar,
) -> ReviewPlan:
    lead = leads.get(spec.role, Spread(0, 0))
    state = sign_off_status(facts, guide, gate, spec.role)
    plan = ReviewPlan(gate, spec.role, spec.act, Timing.SIGNED, lead)
    if state.is_valid:
        return plan
    return timed(plan, state.review.requested_at.date() if state.review else None, on, facts.today, calendar)


def timed(
    plan: ReviewPlan, asked_on: date | None, on: date | None, today: date, calendar: WorkCalendar
) -> ReviewPlan:
    """One review that is not signed against the date of its gate; `asked_on` None: nobody was asked yet."""
    lead = plan.lead
    expected = max(calendar.ahead(asked_on or today, lead.typical), calendar.on_or_after(today))
    if on is None:
        timing = Timing.ASKED if asked_on else Timing.UNDATED
        return replace(plan, timing=timing, asked_on=asked_on, expected_on=expected)
    ask_by, last_call = calendar.back(on, lead.safe), calendar.back(on, lead.typical)
    return replace(
        plan,
        timing=_timing(today, asked_on, on, ask_by, last_call, expected),
        ask_by=ask_by,
        last_call=last_call,
        asked_on=asked_on,
        expected_on=expected,
        days_late=max(calendar.between(on, expected), 0),
    )


def _timing(
    today: date, asked_on: date | None, on: date, ask_by: date, last_call: date, expected: date
) -> Timing:
    if asked_on is not None:
        return Timing.ASKED if expected <= on else Timing.ASKED_LATE
    if today > last_call:
        return Timing.TOO_LATE
    return Timing.TIGHT if today > ask_by else Timing.AHEAD


# ---------------------------------------------------------------- dates that do not move


class FixedKind(StrEnum):
    """Dates that others set."""

    AGREEMENT_END = "agreement_end"
    CHANGE_WINDOW = "change_window"
    ASSESSMENT_END = "assessment_end"
    TIME_BOX = "time_box"
    FUNDING_END = "funding_end"
    CONDITION = "condition"


@dataclass(frozen=True, slots=True)
class FixedDate:
    """A date from the answers or conditions that the plan has to live with. `key` leads to its field."""

    on: date
    kind: FixedKind
    what: str
    key: str | None = None


_PARTS = (
    ("R24", "expected_end", FixedKind.ASSESSMENT_END, mark("Privacy assessment ends")),
    ("F01", "decision", FixedKind.TIME_BOX, mark("Feasibility time-box ends")),
    ("P17", "funding_end", FixedKind.FUNDING_END, mark("Funding ends")),
)


def fixed_dates(facts: ProjectFacts) -> tuple[FixedDate, ...]:
    """Ends of agreements, change windows, assessment, time-box and funding, and open conditions, by day."""
    found = (*_of_sources(facts), *_windows(facts), *_of_parts(facts), *_conditions(facts))
    return tuple(sorted(found, key=lambda each: (each.on, each.what)))


def _of_sources(facts: ProjectFacts) -> Iterator[FixedDate]:
    for source in facts.sources:
        ends = _value(source.answers.get("X09"))
        if isinstance(ends, date):
            what = say("Agreement for {source} ends", source=source.name)
            yield FixedDate(ends, FixedKind.AGREEMENT_END, what, f"X09@{source.id}")


def _windows(facts: ProjectFacts) -> Iterator[FixedDate]:
    for row in _value(facts.answer("D22")) or ():
        if window := row.get("change_window"):
            what = say("Change window of {system}", system=row.get("name") or say("a system"))
            yield FixedDate(window, FixedKind.CHANGE_WINDOW, what, "D22")


def _of_parts(facts: ProjectFacts) -> Iterator[FixedDate]:
    for field_id, part, kind, what in _PARTS:
        on = (_value(facts.answer(field_id)) or {}).get(part)
        if isinstance(on, date):
            yield FixedDate(on, kind, say(what), field_id)


def _conditions(facts: ProjectFacts) -> Iterator[FixedDate]:
    for condition in facts.conditions:
        if condition.state == "open":
            yield FixedDate(
                condition.due_on, FixedKind.CONDITION, say("Condition: {condition}", condition=condition.text)
            )


def _value(fact: AnswerFact | None) -> Value:
    return fact.value if fact and fact.state is AnswerState.ANSWERED else None


# ---------------------------------------------------------------- another go-live date


@dataclass(frozen=True, slots=True)
class Consequence:
    """A check that another go-live date would make fail, or pass again."""

    check_id: str
    title: str
    fails: bool
    sentences: tuple[str, ...]


def with_go_live(facts: ProjectFacts, on: date) -> ProjectFacts:
    """The same project, had it answered this go-live date."""
    known = facts.answer(GO_LIVE) or AnswerFact(AnswerState.ANSWERED)
    moved = replace(known, state=AnswerState.ANSWERED, value=on, content=f"{GO_LIVE}={on.isoformat()}")
    return replace(facts, answers={**facts.answers, GO_LIVE: moved})


def consequences(facts: ProjectFacts, guide: Guide, on: date) -> tuple[Consequence, ...]:
    """What another go-live date does to the checks that read it: first what would fail, then what would pass."""
    now, then = _failing(facts, guide), _failing(with_go_live(facts, on), guide)
    worse = [Consequence(key, title, True, said) for key, (title, said) in then.items() if key not in now]
    better = [Consequence(key, title, False, said) for key, (title, said) in now.items() if key not in then]
    return (*worse, *better)


def _failing(facts: ProjectFacts, guide: Guide) -> dict[str, tuple[str, tuple[str, ...]]]:
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for judgement in judge_all(facts, guide):
        check = judgement.check
        if GO_LIVE in check.reads and judgement.verdict.result is CheckResult.FAILS:
            _, said = found.get(check.id, (check.title, ()))
            found[check.id] = (check.title, (*said, *judgement.messages))
    return found
