"""Running a product for years: when it is looked at again, on which evidence, who can use it, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from lifecycle.guide import ONLY, Guide
from lifecycle.language import say
from lifecycle.rules.checks.reading import Reading
from lifecycle.rules.dates import months_after
from lifecycle.rules.delivery import DeliveryMetrics, IncidentFact
from lifecycle.rules.gates import GOES
from lifecycle.rules.project_facts import GateDecisionFact, ProjectFacts
from lifecycle.rules.releases import Move, ReleaseFact, length_words
from lifecycle.rules.retold import retold
from lifecycle.rules.surroundings import change_entries
from lifecycle.vocabulary import Blocker, Gate, Money, Outcome, ProjectStatus, plain_number

_ENDED = (ProjectStatus.RETIRED, ProjectStatus.STOPPED)


# ---------------------------------------------------------------- when it is looked at again


@dataclass(frozen=True, slots=True)
class Trigger:
    """Something after which a product is looked at before its time."""

    on: date
    text: str


class Verdict(StrEnum):
    """What an Operate review comes to; each is an outcome of the Operate gate."""

    RE_APPROVE = "re_approve"
    RESTRICT = "restrict"
    RECYCLE = "recycle"
    RETIRE = "retire"

    @property
    def outcome(self) -> Outcome:
        return _OUTCOMES[self]


_OUTCOMES = {
    Verdict.RE_APPROVE: Outcome.GO,
    Verdict.RESTRICT: Outcome.GO_WITH_CONDITIONS,
    Verdict.RECYCLE: Outcome.RECYCLE,
    Verdict.RETIRE: Outcome.STOP,
}


@dataclass(frozen=True, slots=True)
class ReviewCycle:
    """Where a live product stands between two Operate reviews. `because` says why one is due now."""

    last_on: date
    due_on: date
    months: int | None  # that the tier allows between two; None: the tier is unknown
    because: tuple[str, ...]
    restricted_to: str = ""  # what the last review limited it to

    @property
    def is_due(self) -> bool:
        return bool(self.because)


def review_cycle(facts: ProjectFacts, guide: Guide, triggers: Sequence[Trigger] = ()) -> ReviewCycle | None:
    """None unless the product is live. Due by the earlier of the day planned (P08) and what the tier allows."""
    last = _last_decision(facts)
    if facts.gate is not Gate.OPERATE or facts.status in _ENDED or last is None:
        return None
    last_on = last.at.date()
    reading = Reading(facts, guide)
    months = guide.policy.review_months.get(facts.tier) if facts.tier else None
    latest = months_after(last_on, months or min(guide.policy.review_months.values()))
    planned: date | None = reading.value("P08", "next")
    due_on = min(planned, latest) if planned and planned > last_on else latest
    return ReviewCycle(
        last_on=last_on,
        due_on=due_on,
        months=months,
        because=tuple(_because(due_on, facts.today, [each for each in triggers if each.on >= last_on])),
        restricted_to=last.reason if last.outcome is Outcome.GO_WITH_CONDITIONS else "",
    )


def _because(due_on: date, today: date, triggers: Sequence[Trigger]) -> Iterator[str]:
    if due_on < today:
        yield say("It was due on {day}.", day=due_on.isoformat())
    elif due_on == today:
        yield say("It is due today.")
    yield from (each.text for each in sorted(triggers, key=lambda each: each.on))


def _last_decision(facts: ProjectFacts) -> GateDecisionFact | None:
    """The last go at Launch or Operate, unless the project was sent back since."""
    last = None
    for made in facts.decisions:
        if made.outcome is Outcome.RECYCLE:
            last = None
        elif made.gate in (Gate.LAUNCH, Gate.OPERATE) and made.outcome in GOES:
            last = made
    return last


def triggers_of(releases: Sequence[ReleaseFact], incidents: Sequence[IncidentFact]) -> tuple[Trigger, ...]:
    """Rollbacks, and incidents that no release that was rolled back stands for."""
    back = [each for each in releases if each.newest and each.newest.move is Move.ROLLED_BACK]
    told = {each.id for each in back}
    found = [
        Trigger(
            each.newest.happened_at.date(),
            say(
                "Release {number} (version {version}) was rolled back on {day}.",
                number=each.number,
                version=each.model_version,
                day=each.newest.happened_at.date().isoformat(),
            ),
        )
        for each in back
        if each.newest
    ]
    found += [
        Trigger(one.noticed_at.date(), _happened(one)) for one in incidents if one.release_id not in told
    ]
    return tuple(found)


def _happened(one: IncidentFact) -> str:
    on = one.started_at.date().isoformat()
    return (
        say("An incident began on {day}: {incident}.", day=on, incident=retold(one.title))
        if one.title
        else say("An incident began on {day}.", day=on)
    )


# ---------------------------------------------------------------- on which evidence


@dataclass(frozen=True, slots=True)
class WatchedFact:
    """A monitor that is on: when it fires, in words, and its newest reading."""

    name: str
    fires: str
    now: str  # empty: no reading yet
    on: date | None = None
    is_breach: bool = False


class Reads(StrEnum):
    """How one piece of evidence reads, for an icon beside its words."""

    GOOD = "good"
    BAD = "bad"
    PLAIN = "plain"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of evidence: what was planned or promised, what is there now, and the field that says so."""

    title: str
    planned: str
    now: str
    reads: Reads
    key: str = ""


def findings(
    facts: ProjectFacts,
    guide: Guide,
    metrics: DeliveryMetrics,
    incidents: Sequence[IncidentFact],
    since: date,
    watched: Sequence[WatchedFact] = (),
) -> tuple[Finding, ...]:
    """Everything that the product knows about how it goes, for whoever reviews it; nothing is judged twice.

    `since` is the day of the last review: incidents and changes count from it.
    """
    reading = Reading(facts, guide)
    return (
        _metric(reading),
        _value(reading),
        _use(reading),
        _overturned(reading),
        *_limits(reading),
        *(_watched(each) for each in watched),
        _age(reading, facts.today),
        _delivered(metrics),
        _incidents(reading, incidents, since),
        _changes(facts, guide, since),
        _conditions(facts),
    )


def _metric(reading: Reading) -> Finding:
    start, target = reading.value("D05", "value"), reading.value("D06", ONLY)
    now = reading.value("P12", "value")
    planned = (
        say("{start} before, {target} as the target", start=start, target=target)
        if start and target
        else say("no target set")
    )
    title = reading.value("D04", ONLY) or say("Business metric")
    if not (start and target and now) or len({each.unit.casefold() for each in (start, target, now)}) > 1:
        reads = Reads.PLAIN if now and not (start and target) else Reads.UNKNOWN
        return Finding(str(title), planned, str(now) if now else say("not measured"), reads, "P12")
    span = target.amount - start.amount
    share = (now.amount - start.amount) / span if span else Decimal(1)
    percent = (share * 100).quantize(Decimal(1), ROUND_HALF_UP)
    reached = (
        say("{now}, {percent} % of the way", now=now, percent=percent)
        if share < 1
        else say("{now}, the target is reached", now=now)
    )
    enough = share >= reading.number("value_share")
    return Finding(str(title), planned, reached, Reads.GOOD if enough else Reads.BAD, "P12")


def _value(reading: Reading) -> Finding:
    promised, realised = reading.value("D08", ONLY), reading.value("P12", "realised")
    planned = say("{promised} a year", promised=promised) if promised else say("nothing promised")
    title = say("Value realised")
    if not isinstance(promised, Money) or not isinstance(realised, Money) or not promised.amount:
        return Finding(title, planned, str(realised) if realised else say("not known"), Reads.UNKNOWN, "P12")
    if promised.currency != realised.currency:
        return Finding(
            title, planned, say("{realised}, in another currency", realised=realised), Reads.UNKNOWN, "P12"
        )
    percent = (realised.amount * 100 / promised.amount).quantize(Decimal(1), ROUND_HALF_UP)
    stopped = reading.value("P12", "stop_met")
    if stopped:
        now = say(
            "{realised}, {percent} % of it; the condition to stop is met", realised=realised, percent=percent
        )
        return Finding(title, planned, now, Reads.BAD, "P12")
    now = say("{realised}, {percent} % of it", realised=realised, percent=percent)
    return Finding(title, planned, now, Reads.PLAIN, "P12")


def _use(reading: Reading) -> Finding:
    overridden, unused = reading.value("P13", "override"), reading.value("P13", "non_use")
    if overridden is None or unused is None:
        return Finding(say("Override and non-use"), "", say("not known"), Reads.UNKNOWN, "P13")
    now = say(
        "{overridden} % overridden, {unused} % not used",
        overridden=plain_number(overridden),
        unused=plain_number(unused),
    )
    return Finding(say("Override and non-use"), "", now, Reads.PLAIN, "P13")


def _overturned(reading: Reading) -> Finding:
    share, most = reading.value("P20", ONLY), reading.number("overturned_percent")
    planned = say("at most {percent} %", percent=plain_number(most))
    if reading.is_not_applicable("P20"):
        return Finding(say("Outcomes overturned"), planned, say("does not apply"), Reads.PLAIN, "P20")
    if share is None:
        return Finding(say("Outcomes overturned"), planned, say("not known"), Reads.UNKNOWN, "P20")
    reads = Reads.GOOD if share <= most else Reads.BAD
    return Finding(say("Outcomes overturned"), planned, f"{plain_number(share)} %", reads, "P20")


def _limits(reading: Reading) -> Iterator[Finding]:
    for title, part, place, unit in (
        (say("Response time"), "response", ("R04", ONLY), " ms"),
        (say("Cost per prediction"), "cost", ("R07", ONLY), ""),
        (say("Answers per hour"), "volume", ("R06", "peak"), ""),
    ):
        now, limit = reading.value("P15", part), reading.value(*place)
        planned = say("at most {amount}{unit}", amount=_amount(limit), unit=unit) if limit is not None else ""
        if now is None:
            yield Finding(title, planned, say("not known"), Reads.UNKNOWN, "P15")
        else:
            yield Finding(title, planned, f"{_amount(now)}{unit}", _within(now, limit), "P15")


def _amount(value: Any) -> str:
    return plain_number(value) if isinstance(value, Decimal) else str(value)


def _within(now: Any, limit: Any) -> Reads:
    if limit is None:
        return Reads.PLAIN
    if isinstance(now, Money) and isinstance(limit, Money):
        if now.currency != limit.currency:
            return Reads.UNKNOWN
        now, limit = now.amount, limit.amount
    return Reads.GOOD if now <= limit else Reads.BAD


def _watched(each: WatchedFact) -> Finding:
    planned = say("fires when {fires}", fires=each.fires)
    if not each.now or each.on is None:
        return Finding(each.name, planned, say("no reading yet"), Reads.UNKNOWN)
    now = say("{value} on {day}", value=each.now, day=each.on.isoformat())
    return Finding(each.name, planned, now, Reads.BAD if each.is_breach else Reads.GOOD)


def _age(reading: Reading, today: date) -> Finding:
    trained = [row["trained_on"] for row in reading.rows("P11") or () if row.get("trained_on")]
    interval = reading.value("R14", "interval")
    planned = say("again every {interval}", interval=interval) if interval else ""
    if not trained:
        return Finding(say("Age of the model"), planned, say("not known"), Reads.UNKNOWN, "P11")
    days = (today - max(trained)).days
    reads = Reads.PLAIN if not interval else Reads.GOOD if days <= interval.days else Reads.BAD
    return Finding(
        say("Age of the model"), planned, say("trained {days:,} days ago", days=days), reads, "P11"
    )


def _delivered(metrics: DeliveryMetrics) -> Finding:
    if not metrics.deployments:
        return Finding(say("Releases in three months"), "", say("none"), Reads.PLAIN)
    now = (
        say("{deployments}, of which {failed} failed", deployments=metrics.deployments, failed=metrics.failed)
        if metrics.failed
        else say("{deployments}, of which none failed", deployments=metrics.deployments)
    )
    if metrics.restore.median is not None:
        now = say("{releases}; restored in {time}", releases=now, time=length_words(metrics.restore.median))
    return Finding(say("Releases in three months"), "", now, Reads.BAD if metrics.failed else Reads.GOOD)


def _incidents(reading: Reading, incidents: Sequence[IncidentFact], since: date) -> Finding:
    """Those recorded here; what only the worksheet tells of, where nothing was recorded."""
    title = say("Incidents since the last review")
    rows = reading.rows("P09")
    noted = [row for row in rows or () if row.get("opened_on") and row["opened_on"] >= since]
    recorded = [one for one in incidents if one.noticed_at.date() >= since]
    if rows is None and not recorded:
        return Finding(title, "", say("not known"), Reads.UNKNOWN, "P09")
    count = len(recorded) or len(noted)
    if recorded:
        still_open = sum(one.restored_at is None for one in recorded)
    else:
        still_open = sum(not row.get("closed_on") for row in noted)
    now = (
        say("none")
        if not count
        else say("{count}, of which {still_open} open", count=count, still_open=still_open)
        if still_open
        else say("{count}, of which none open", count=count)
    )
    if recorded and noted:
        now = say("{recorded}; {noted} in the worksheet", recorded=now, noted=len(noted))
    return Finding(title, "", now, Reads.BAD if count else Reads.GOOD, "P09")


def _changes(facts: ProjectFacts, guide: Guide, since: date) -> Finding:
    entries = change_entries(facts, guide)
    lately = [each for each in entries if each.changed_on and each.changed_on >= since]
    unassessed = sum(not each.is_assessed for each in entries)
    if not entries and Reading(facts, guide).rows("P10") is None:
        return Finding(say("Changes around it"), say("each assessed"), say("not known"), Reads.UNKNOWN, "P10")
    now = (
        say("{count} since the last review", count=len(lately))
        if lately
        else say("none since the last review")
    )
    if unassessed:
        now = say("{changes}, {unassessed} not assessed", changes=now, unassessed=unassessed)
    return Finding(
        say("Changes around it"), say("each assessed"), now, Reads.BAD if unassessed else Reads.GOOD, "P10"
    )


def _conditions(facts: ProjectFacts) -> Finding:
    still_open = [each for each in facts.conditions if each.state == "open"]
    overdue = sum(each.due_on < facts.today for each in still_open)
    now = (
        say("none")
        if not still_open
        else say("{count}, of which {overdue} overdue", count=len(still_open), overdue=overdue)
        if overdue
        else say("{count}, of which none overdue", count=len(still_open))
    )
    return Finding(say("Conditions open"), say("met in time"), now, Reads.BAD if overdue else Reads.GOOD)


# ---------------------------------------------------------------- who can use it


@dataclass(frozen=True, slots=True)
class Reached:
    """People trained or sites live, beside the plan; None: not known."""

    title: str
    planned: Decimal | None
    reached: Decimal | None

    @property
    def percent(self) -> int | None:
        if not self.planned or self.reached is None:
            return None
        return int(min(self.reached * 100 / self.planned, Decimal(100)))


@dataclass(frozen=True, slots=True)
class Audience:
    """One row of the training plan."""

    name: str
    people: Decimal | None
    finish_on: date | None
    is_late: bool  # its day has passed while fewer people are trained than C44 asks for


@dataclass(frozen=True, slots=True)
class Enablement:
    people: Reached
    sites: Reached
    audiences: tuple[Audience, ...]


def enablement(facts: ProjectFacts, guide: Guide) -> Enablement:
    reading = Reading(facts, guide)
    people = Reached(say("People trained"), reading.value("D24", "people"), reading.value("P06", "people"))
    sites = Reached(say("Sites live"), reading.value("D24", "sites"), reading.value("P06", "sites"))
    share = reading.number("trained_share")
    unfinished = people.percent is None or people.percent < share * 100
    audiences = tuple(
        Audience(
            str(row.get("audience") or ""),
            row.get("people"),
            row.get("finish"),
            bool(unfinished and row.get("finish") and row["finish"] < facts.today),
        )
        for row in reading.rows("R16") or ()
    )
    return Enablement(people, sites, audiences)


# ---------------------------------------------------------------- how it ends


@dataclass(frozen=True, slots=True)
class Ending:
    """What was planned for the end (P17), and who uses the output and has to hear of it (D16)."""

    criteria: str
    notice: str
    retention: str
    records_until: date | None  # the earliest day, counted from today
    downstream_checked: bool
    consumers: tuple[str, ...]


def ending(facts: ProjectFacts, guide: Guide) -> Ending:
    reading = Reading(facts, guide)
    retention = reading.value("P17", "retention")
    return Ending(
        criteria=str(reading.value("P17", "criteria") or ""),
        notice=str(reading.value("P17", "notice") or ""),
        retention=str(retention or ""),
        records_until=date.fromordinal(facts.today.toordinal() + int(retention.days)) if retention else None,
        downstream_checked=bool(reading.value("P17", "downstream_checked")),
        consumers=tuple(str(row.get("name") or "") for row in reading.rows("D16") or () if row.get("name")),
    )


def may_retire(
    facts: ProjectFacts, guide: Guide, told: Mapping[str, date | None], records_until: date | None
) -> tuple[Blocker, ...]:
    """What the retirement itself lacks; who may retire it is the Operate gate's question."""
    plan = ending(facts, guide)
    found = [
        Blocker(
            "not_told", say("{name} uses the output. Say when they were told.", name=name), fields=("D16",)
        )
        for name in plan.consumers
        if told.get(name) is None
    ]
    found += [
        Blocker(
            "told_ahead",
            say("{name} cannot have been told on {day}, which lies ahead.", name=name, day=on.isoformat()),
        )
        for name, on in told.items()
        if on is not None and on > facts.today
    ]
    if records_until is None:
        found.append(Blocker("no_retention", say("Say until when the records are kept.")))
    elif plan.records_until and records_until < plan.records_until:
        text = say(
            "The plan keeps records for {retention}, until {day} at least. Keep them "
            "as long, or change the plan (P17).",
            retention=plan.retention,
            day=plan.records_until.isoformat(),
        )
        found.append(Blocker("kept_too_short", text, fields=("P17",)))
    elif records_until < facts.today:
        found.append(Blocker("kept_too_short", say("Records are kept at least until today.")))
    return tuple(found)
