"""Monitors and their readings; and what follows when one fires, in the transaction of the reading itself.

A firing joins the incident of its monitor that is not mended yet, or opens one. It takes the ground from the newest
sign-off of model validation (of the approver where validation is not asked), asks for the Operate review again,
tells people, and calls for retraining where the monitor says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from lifecycle.actions import incidents
from lifecycle.actions.baselines import begin_anew, start_from_serving
from lifecycle.actions.projects import next_key, open_project, slug
from lifecycle.actions.signing import facts_now, tidy
from lifecycle.canonical import canonical_json, moment_text
from lifecycle.errors import Conflict, Invalid, NotFound, Refused
from lifecycle.events import EventAction, project_chain, record
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.monitors import (
    Stretch,
    corrections_of,
    newest_moment,
    spec_of,
    stretch,
)
from lifecycle.facts.people import holders, require_on_project
from lifecycle.facts.releases import release_facts
from lifecycle.facts.reviews import candidates
from lifecycle.facts.standing import refresh_standing
from lifecycle.guide import Guide
from lifecycle.language import ENGLISH, say, speaking
from lifecycle.rules.incidents import IncidentKind, IncidentState
from lifecycle.rules.monitors import (
    MonitorSpec,
    breach_sentence,
    breach_title,
    planned,
    problems,
    silence_sentence,
)
from lifecycle.rules.project_facts import ProjectFacts, SignOffFact
from lifecycle.rules.readings import (
    Known,
    NewReading,
    Problem,
    against_conflicts,
    numbered,
    refuse_too_many,
    sort_out,
)
from lifecycle.rules.releases import current
from lifecycle.rules.retold import FIRES_AGAIN, NO_LONGER_FIRES, NO_READINGS, kept
from lifecycle.rules.reviews import may_be_asked
from lifecycle.rules.signoffs import counting_sign_offs
from lifecycle.rules.triggers import Judgement, LimitKind, NewFiring, Settled, is_silent, settle
from lifecycle.store.outbox import add_to_outbox
from lifecycle.store.readings import NewRow, StoredValue, add_readings, digest_of, stored_moment, stored_under
from lifecycle.store.tables import (
    Firing,
    Incident,
    Invalidation,
    Monitor,
    Reading,
    ReadingBatch,
    ReadingCorrection,
    Review,
)
from lifecycle.vocabulary import SYSTEM, Act, Actor, Blocker, Gate, Role

ON, PAUSED, RETIRED = "on", "paused", "retired"
BREACH, SILENCE = "breach", "silence"
TRIGGER_FIRED, TRIGGER_SILENT, RETRAINING_CALLED = "trigger.fired", "trigger.silent", "retraining.called"
MONITORING_PLAN = "R13"
MOST_PROBLEMS_KEPT = 100
_RELYING = (
    Role.VALIDATION,
    Role.APPROVER,
)  # whose sign-offs rest on how well it performs; the first that signed


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of a batch. `fires_at` are keys of readings; `ended` those that fired before and no longer do."""

    stored: int = 0
    unchanged: int = 0
    missing: int = 0
    late: int = 0
    breaches: int = 0
    problems: tuple[Problem, ...] = ()
    fires_at: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    incident_id: int | None = None
    batch_id: int | None = None

    @property
    def refused(self) -> int:
        return len(self.problems)


# ---------------------------------------------------------------- monitors


def create(
    session: Session, *, by: Actor, at: datetime, project_id: int, spec: MonitorSpec, key: str = ""
) -> int:
    """Watch something from now on; returns the monitor's id. Its key is the slug of its name, or of `key`."""
    require_on_project(session, "monitors.create", by, project_id)
    open_project(session, project_id)
    monitor = _add(session, project_id, _tidy(spec), by, at, key=key)
    detail = {"name": monitor.name, "key": monitor.key, "spec": _as_json(spec_of(monitor))}
    _record(session, EventAction.MONITOR_ADDED, monitor, detail, by, at)
    return monitor.id or 0


@by_its_guide
def create_from_plan(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    row_ids: Sequence[str] | None = None,
    expected_seconds: int | None = None,
) -> tuple[int, ...]:
    """A monitor for each row of the monitoring plan (R13), or for these, that has a limit and none yet.

    Returns their ids. Raises Refused when there is nothing left to make.
    """
    require_on_project(session, "monitors.create", by, project_id)
    open_project(session, project_id)
    rows = plan_rows(facts_now(session, project_id, guide, at))
    made_before = set(
        session.exec(
            select(Monitor.plan_row).where(
                col(Monitor.project_id) == project_id, col(Monitor.plan_row).is_not(None)
            )
        )
    )
    made = []
    for row in rows:
        row_id = str(row["id"])
        spec = planned(row, expected_seconds)
        if spec is None or row_id in made_before or (row_ids is not None and row_id not in row_ids):
            continue
        made.append(_add(session, project_id, _tidy(spec), by, at, plan_row=row_id))
    if not made:
        text = say(
            "No row of the monitoring plan (R13) is left that has a limit and says on which side trouble is."
        )
        raise Refused(Blocker("plan:nothing", text, fields=(MONITORING_PLAN,)))
    detail = {"monitors": {monitor.key: monitor.name for monitor in made}}
    record(
        session,
        chain=project_chain(project_id),
        action=EventAction.MONITORS_PLANNED,
        detail=detail,
        by=by,
        at=at,
    )
    return tuple(monitor.id or 0 for monitor in made)


def plan_rows(facts: ProjectFacts) -> tuple[Mapping[str, Any], ...]:
    """The rows of the monitoring plan, none where it is not answered."""
    answer = facts.answer(MONITORING_PLAN)
    return tuple(answer.value) if answer and isinstance(answer.value, tuple) else ()


def change(
    session: Session, *, by: Actor, at: datetime, monitor_id: int, base: int, spec: MonitorSpec
) -> None:
    """Watch it otherwise; `base` is the revision that was on the screen. The same again changes nothing.

    A changed rule judges what comes from now on: readings up to the newest keep what was made of them.
    """
    monitor = _changeable(session, "monitors.edit", monitor_id, by)
    if monitor.revision != base:
        raise Conflict(say("this monitor"), base=base, found=monitor.revision)
    before, after = spec_of(monitor), _tidy(spec)
    if before == after:
        return
    _put(monitor, after)
    if not before.fires_as(after):
        begin_anew(session, monitor)
    monitor.revision += 1
    old, new = _as_json(before), _as_json(after)
    changed = [name for name in new if new[name] != old[name]]
    detail = {
        "before": {name: old[name] for name in changed},
        "after": {name: new[name] for name in changed},
    }
    _record(session, EventAction.MONITOR_CHANGED, monitor, detail, by, at)


def pause(session: Session, *, by: Actor, at: datetime, monitor_id: int, reason: str) -> None:
    """Readings are still stored; nothing fires until it is switched on again."""
    monitor = _changeable(session, "monitors.edit", monitor_id, by)
    if monitor.state == PAUSED:
        raise Refused(Blocker("monitor:paused", say("This monitor is paused already.")))
    reason = tidy("reason", reason, required=say("Say why nobody should be alarmed meanwhile."))
    monitor.state = PAUSED
    monitor.revision += 1
    _record(session, EventAction.MONITOR_PAUSED, monitor, {"reason": reason}, by, at)


def resume(session: Session, *, by: Actor, at: datetime, monitor_id: int) -> None:
    """Switch a paused monitor on: what comes from now on is judged, and awaited."""
    monitor = _changeable(session, "monitors.edit", monitor_id, by)
    if monitor.state == ON:
        raise Refused(Blocker("monitor:on", say("This monitor is on.")))
    monitor.state, monitor.heard_at = ON, at
    begin_anew(session, monitor)
    monitor.revision += 1
    _record(session, EventAction.MONITOR_RESUMED, monitor, {}, by, at)


def retire(session: Session, *, by: Actor, at: datetime, monitor_id: int, reason: str) -> None:
    """Nothing is taken any more; readings and firings stay on record."""
    monitor = _changeable(session, "monitors.retire", monitor_id, by)
    reason = tidy("reason", reason, required=say("Say why this is no longer watched."))
    monitor.state = RETIRED
    monitor.revision += 1
    _record(session, EventAction.MONITOR_RETIRED, monitor, {"reason": reason}, by, at)


def set_baseline(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    monitor_id: int,
    baseline: float | None,
    model_version: str | None = None,
) -> None:
    """What a change is measured against, as a release sets it. The same again changes nothing."""
    monitor = session.get(Monitor, monitor_id)
    if monitor is None:
        raise NotFound(say("monitor"), monitor_id)
    spec = replace(spec_of(monitor), baseline=baseline, baseline_model_version=model_version)
    change(session, by=by, at=at, monitor_id=monitor_id, base=monitor.revision, spec=spec)


# ---------------------------------------------------------------- readings


@by_its_guide
def push(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    monitor_id: int,
    readings: Sequence[NewReading],
    unreadable: Sequence[Problem] = (),
    method: str = "",
) -> Pushed:
    """Store readings that arrive together, one or many, and judge them: one event, whatever follows.

    Known ones change nothing; all is refused where a known key comes with another value. Single readings that
    cannot be taken, and those that were `unreadable` where they came from, are named and the others stored.
    Pushing the same again does nothing, not even an event.
    """
    monitor = _takes_readings(session, "monitors.push_readings", monitor_id, by)
    refuse_too_many(len(readings))
    taken, repeated, bad = numbered(readings)
    spec = spec_of(monitor)
    sorted_out = sort_out(taken, _known(session, monitor_id, [key for key, _ in taken]), spec.limit_kind, at)
    if blockers := against_conflicts(sorted_out.conflicts):
        raise Refused(*blockers)
    with speaking(ENGLISH):
        _, _, to_keep = numbered(readings) if bad else (taken, repeated, bad)
    problems = (*unreadable, *bad)
    unchanged = sorted_out.unchanged + repeated
    if not sorted_out.new and not problems:
        return Pushed(unchanged=unchanged)
    newest = newest_moment(session, monitor_id)
    moments = sorted_out.moments
    rows = _judged(spec, sorted_out.new, moments)
    verdicts = Counter(row[-1] for row in rows)
    batch = ReadingBatch(
        project_id=monitor.project_id,
        monitor_id=monitor_id,
        stored=len(rows),
        unchanged=unchanged,
        missing=verdicts[Judgement.MISSING.value],
        late=0 if newest is None else sum(moment < newest for moment in moments),
        refused=len(problems),
        problems=canonical_json(
            [[each.place, each.text] for each in (*unreadable, *to_keep)[:MOST_PROBLEMS_KEPT]]
        ),
        digest=digest_of(rows),
        method=method or by.kind,
        at=at,
        by_key=by.key,
    )
    session.add(batch)
    session.flush()
    is_on = bool(rows) and monitor.state == ON
    span = (min(moments), max(moments)) if rows else (at, at)
    # Readings that all follow what is known need not be read again once they are stored.
    known = None
    if is_on and (newest is None or span[0] > newest):
        known = stretch(session, monitor, *span, corrections_of(session, monitor_id)).followed_by(rows)
    add_readings(session, monitor_id=monitor_id, batch_id=batch.id or 0, rows=rows)
    after = _Aftermath()
    if rows:
        monitor.heard_at = max(monitor.heard_at, at)
    if is_on:
        found = known or stretch(session, monitor, *span, corrections_of(session, monitor_id))
        after = _evaluate(session, monitor, found, guide, at)
    detail = {
        "batch": batch.id,
        "name": monitor.name,
        "stored": batch.stored,
        "unchanged": unchanged,
        "missing": batch.missing,
        "late": batch.late,
        "refused": batch.refused,
        "digest": batch.digest,
        **after.as_json(),
    }
    _record(session, EventAction.READINGS_PUSHED, monitor, detail, by, at)
    after.settle(session, monitor.project_id, guide, at)
    return Pushed(
        stored=batch.stored,
        unchanged=unchanged,
        missing=batch.missing,
        late=batch.late,
        breaches=verdicts[Judgement.BREACH.value],
        problems=problems,
        fires_at=after.fires_at,
        ended=after.ended,
        incident_id=after.incident_id,
        batch_id=batch.id,
    )


@by_its_guide
def correct(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    monitor_id: int,
    key: str,
    value: float | None,
    reason: str,
) -> Pushed:
    """Say what a reading should have said; the reading stays, and the series is judged with what counts now."""
    monitor = _takes_readings(session, "monitors.correct_reading", monitor_id, by)
    reading = session.exec(
        select(Reading).where(col(Reading.monitor_id) == monitor_id, col(Reading.key) == key.strip())
    ).first()
    if reading is None:
        raise NotFound(say("reading"), key)
    reason = tidy("reason", reason, required=say("Say how you know."))
    if value is not None and value - value != 0:
        raise Invalid({"value": say("Give a finite number, or say that it is missing.")})
    known = corrections_of(session, monitor_id).get(reading.id or 0)
    if value == (known[0] if known else reading.value):
        raise Refused(Blocker("reading:same", say("This is what counts already. Nothing was changed.")))
    verdict = spec_of(monitor).rule.judge_value(value, reading.bound)
    session.add(
        ReadingCorrection(
            project_id=monitor.project_id,
            monitor_id=monitor_id,
            reading_id=reading.id or 0,
            value=value,
            verdict=verdict.value,
            reason=reason,
            at=at,
            by_key=by.key,
        )
    )
    session.flush()
    after = _Aftermath()
    if monitor.state == ON:
        corrections = corrections_of(session, monitor_id)
        found = stretch(session, monitor, reading.at, reading.at, corrections)
        after = _evaluate(session, monitor, found, guide, at)
    detail = {
        "name": monitor.name,
        "key": reading.key,
        "before": known[0] if known else reading.value,
        "after": value,
        "reason": reason,
        **after.as_json(),
    }
    _record(session, EventAction.READING_CORRECTED, monitor, detail, by, at)
    after.settle(session, monitor.project_id, guide, at)
    return Pushed(
        fires_at=after.fires_at,
        ended=after.ended,
        incident_id=after.incident_id,
        missing=int(value is None),
        breaches=int(verdict is Judgement.BREACH),
    )


@by_its_guide
def record_silence(session: Session, *, by: Actor, at: datetime, guide: Guide, monitor_id: int) -> bool:
    """Fire because readings that are expected have stayed away; False where that was done for this silence."""
    monitor = _takes_readings(session, "monitors.fire", monitor_id, by)
    spec, key = spec_of(monitor), moment_text(monitor.heard_at)
    if monitor.state != ON or not is_silent(monitor.heard_at, spec.expected, at):
        return False
    fired = select(Firing.id).where(
        col(Firing.monitor_id) == monitor_id, col(Firing.kind) == SILENCE, col(Firing.key) == key
    )
    if session.exec(fired).first() is not None:
        return False
    firing = Firing(
        project_id=monitor.project_id,
        monitor_id=monitor_id,
        incident_id=0,
        kind=SILENCE,
        key=key,
        at=at,
        since=monitor.heard_at,
        fired_at=at,
    )
    said = silence_sentence(spec, f"{monitor.heard_at:%Y-%m-%d %H:%M} UTC")
    after = _Aftermath()
    _consequences(session, monitor, [firing], said, guide, at, after)
    detail = {"name": monitor.name, "since": monitor.heard_at, **after.as_json()}
    _record(session, EventAction.MONITOR_SILENT, monitor, detail, by, at)
    after.settle(session, monitor.project_id, guide, at)
    return True


# ---------------------------------------------------------------- judging


def _known(session: Session, monitor_id: int, keys: Sequence[str]) -> dict[str, Known]:
    stored = stored_under(session, monitor_id=monitor_id, keys=keys)
    if not stored:
        return {}
    corrections = corrections_of(session, monitor_id)
    if not corrections:
        return {key: Known(row.value, row.bound) for key, row in stored.items()}
    return {
        key: Known(row.value, row.bound, corrections.get(row.id, (None, ""))[0], row.id in corrections)
        for key, row in stored.items()
    }


def _judged(
    spec: MonitorSpec, new: Sequence[tuple[str, NewReading]], moments: Sequence[datetime]
) -> list[NewRow]:
    """The rows to be stored. Most monitors have one limit for all readings: it is computed once."""
    judge, shared = spec.rule.judge_value, spec.limit()
    own = spec.limit_kind is LimitKind.ROW
    words = {judgement: judgement.value for judgement in Judgement}
    rows: list[NewRow] = []
    for (key, reading), moment in zip(new, moments, strict=True):
        value, bound = reading.value, reading.limit if own else shared
        rows.append((key, stored_moment(moment), value, bound, words[judge(value, bound)]))
    return rows


@dataclass
class _Aftermath:
    """What followed, for the event and for whoever pushed."""

    fires_at: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    incident_id: int | None = None
    opened: bool = False
    sign_offs: tuple[int, ...] = ()
    reviews: tuple[int, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Only what happened: most readings change nothing."""
        found = {
            "fires_at": list(self.fires_at),
            "no_longer_fires_at": list(self.ended),
            "fires_again_at": list(self.again),
            "incident": self.incident_id,
            "incident_opened": self.opened,
            "sign_offs_gone_stale": list(self.sign_offs),
            "reviews_asked": list(self.reviews),
        }
        return {name: value for name, value in found.items() if value}

    def settle(self, session: Session, project_id: int, guide: Guide, at: datetime) -> None:
        if self.sign_offs or self.reviews:
            refresh_standing(session, project_id, guide=guide, at=at)


def _evaluate(
    session: Session, monitor: Monitor, found: Stretch, guide: Guide, moment: datetime
) -> _Aftermath:
    """Hold the firings on record to the series as it is now."""
    on_record = _on_record(session, monitor, found)
    holds = {key: row.ended_at is None for key, row in on_record.items()}
    settled = settle(found, spec_of(monitor).rule, holds, found.judged)
    after = _Aftermath(ended=settled.ended, again=settled.again)
    if settled.is_quiet:
        return after
    _mark(session, settled, on_record, moment)
    keys = [found[each.fire.at].key for each in settled.new]
    ids = stored_under(session, monitor_id=monitor.id or 0, keys=keys)
    new = [_firing(monitor, found, each, on_record, ids, moment) for each in settled.new]
    after.fires_at = tuple(firing.key for firing in new)
    session.add_all(firing for firing in new if firing.replaces is not None)
    alarms = [firing for firing in new if firing.replaces is None]
    if alarms:
        said = breach_sentence(spec_of(monitor), _readings_behind(found, settled.new[-1]))
        _consequences(session, monitor, alarms, said, guide, moment, after)
    return after


def _on_record(session: Session, monitor: Monitor, found: Stretch) -> dict[str, Firing]:
    """The firings whose reading lies in this stretch."""
    if not found:
        return {}
    rows = session.exec(
        select(Firing)
        .where(
            col(Firing.monitor_id) == monitor.id,
            col(Firing.kind) == BREACH,
            col(Firing.at).between(found[0].at, found[-1].at),
        )
        .order_by(col(Firing.id))
    ).all()
    keys = found.keys if rows else set()
    return {row.key: row for row in rows if row.key in keys}


def _mark(session: Session, settled: Settled, on_record: Mapping[str, Firing], moment: datetime) -> None:
    """Firings stay on record; whether they still follow from the readings is said, in their incident too."""
    for key in settled.ended:
        on_record[key].ended_at = moment
        _note(
            session,
            on_record[key],
            kept(NO_LONGER_FIRES, key=key),
            moment,
        )
    for key in settled.again:
        on_record[key].ended_at = None
        _note(
            session,
            on_record[key],
            kept(FIRES_AGAIN, key=key),
            moment,
        )


def _note(session: Session, firing: Firing, text: str, moment: datetime) -> None:
    incidents.add_note(session, session.get_one(Incident, firing.incident_id), text, SYSTEM, moment)


def _firing(
    monitor: Monitor,
    found: Stretch,
    new: NewFiring,
    on_record: Mapping[str, Firing],
    ids: Mapping[str, StoredValue],
    moment: datetime,
) -> Firing:
    row, begin = found[new.fire.at], found[new.fire.run_from]
    before = on_record[new.replaces] if new.replaces else None
    return Firing(
        project_id=monitor.project_id,
        monitor_id=monitor.id or 0,
        incident_id=before.incident_id if before else 0,
        kind=BREACH,
        key=row.key,
        at=row.at,
        since=begin.at,
        fired_at=moment,
        reading_id=ids[row.key].id,
        value=row.value,
        bound=row.bound,
        replaces=before.id if before else None,
    )


def _readings_behind(found: Stretch, new: NewFiring) -> list[tuple[str, float | None]]:
    return [(row.key, row.value) for row in found.breaches(new.fire.run_from, new.fire.at)]


# ---------------------------------------------------------------- what follows when it fires


def _consequences(
    session: Session,
    monitor: Monitor,
    firings: Sequence[Firing],
    said: str,
    guide: Guide,
    moment: datetime,
    after: _Aftermath,
) -> None:
    kind = IncidentKind.SILENCE if firings[0].kind == SILENCE else IncidentKind.TRIGGER
    incident = incidents.under_way(session, monitor.id or 0, kind)
    after.opened = incident is None
    if incident is None:
        incident = _open(session, monitor, kind, firings, moment)
    incidents.add_note(session, incident, said, SYSTEM, moment)
    for firing in firings:
        firing.incident_id = incident.id or 0
        session.add(firing)
    after.incident_id = incident.id
    facts = facts_now(session, monitor.project_id, guide, moment)
    after.sign_offs = _take_ground(session, facts, guide, incident, said, moment)
    after.reviews = _ask_again(session, facts, guide, monitor.project_id, said, moment)
    _tell(session, monitor, incident, firings, moment)


def _open(
    session: Session, monitor: Monitor, kind: IncidentKind, firings: Sequence[Firing], moment: datetime
) -> Incident:
    spec = spec_of(monitor)
    title = breach_title(spec) if kind is IncidentKind.TRIGGER else kept(NO_READINGS, monitor=spec.name)
    return incidents.new_incident(
        session,
        Incident(
            project_id=monitor.project_id,
            kind=kind.value,
            monitor_id=monitor.id,
            title=title,
            severity=spec.severity.value,
            state=IncidentState.OPEN.value,
            model_version=_serving_version(session, monitor.project_id),
            started_at=min(moment, *(firing.since for firing in firings)),
            detected_at=moment,
            opened_at=moment,
            opened_by=SYSTEM.key,
        ),
    )


def _serving_version(session: Session, project_id: int) -> str:
    """The version that people got when it was noticed: that of the newest release that reached them."""
    releases = release_facts(session, project_id)
    serving = current(releases) or next((each for each in releases if each.is_rolling_out), None)
    return serving.model_version if serving else ""


def _relying(facts: ProjectFacts, guide: Guide) -> tuple[SignOffFact, ...]:
    """The newest sign-offs that rest on how well it performs: of the first role that signed, at its latest gate."""
    binding = [
        fact
        for fact in counting_sign_offs(facts, guide)
        if fact.decision.is_favourable and fact.act is not Act.CONSULT
    ]
    for role in _RELYING:
        signed = [fact for fact in binding if fact.role is role]
        if signed:
            latest = max(fact.gate.order for fact in signed)
            return tuple(fact for fact in signed if fact.gate.order == latest)
    return ()


def _take_ground(
    session: Session, facts: ProjectFacts, guide: Guide, incident: Incident, said: str, moment: datetime
) -> tuple[int, ...]:
    """One open invalidation for each sign-off and incident: a second firing of it adds none."""
    cause = f"incident:{incident.id}"
    told = set(
        session.exec(
            select(Invalidation.sign_off_id).where(
                col(Invalidation.project_id) == incident.project_id,
                col(Invalidation.cause) == cause,
                col(Invalidation.closed_at).is_(None),
            )
        )
    )
    relying = [fact for fact in _relying(facts, guide) if fact.id not in told]
    for fact in relying:
        session.add(
            Invalidation(
                sign_off_id=fact.id,
                project_id=incident.project_id,
                cause=cause,
                detail=said,
                opened_at=moment,
            )
        )
    return tuple(fact.id for fact in relying)


def _ask_again(
    session: Session, facts: ProjectFacts, guide: Guide, project_id: int, said: str, moment: datetime
) -> tuple[int, ...]:
    """Open the Operate review for whoever relied on it, where the project is in operation and none is open."""
    if facts.gate is not Gate.OPERATE:
        return ()
    asked = []
    for fact in _relying(facts, guide):
        spec, found = guide.review(Gate.OPERATE, fact.role), candidates(session, keys=(fact.person_key,))
        if (
            spec is None
            or not found
            or fact.person_key not in holders(session, project_id, fact.role)
            or may_be_asked(facts, guide, Gate.OPERATE, fact.role, found[0], asked_by=SYSTEM.key)
        ):
            continue
        review = Review(
            project_id=project_id,
            gate=Gate.OPERATE.value,
            role=fact.role.value,
            act=spec.act.value,
            person_key=fact.person_key,
            requested_by=SYSTEM.key,
            requested_at=moment,
            message=said,
        )
        session.add(review)
        session.flush()
        asked.append(review.id or 0)
    return tuple(asked)


def _tell(
    session: Session, monitor: Monitor, incident: Incident, firings: Sequence[Firing], moment: datetime
) -> None:
    last = firings[-1]
    is_breach = last.kind == BREACH
    detail = {
        "monitor": monitor.key,
        "called": monitor.name,
        "incident": incident.id,
        "severity": incident.severity,
        "fires_at": last.key if is_breach else None,
        "value": last.value,
        "limit": last.bound,
        "model_version": monitor.baseline_model_version,
    }
    common: dict[str, Any] = {
        "project_id": monitor.project_id,
        "subject": f"incident:{incident.id}",
        "detail": {name: value for name, value in detail.items() if value is not None},
        "by_key": SYSTEM.key,
        "at": moment,
    }
    add_to_outbox(session, kind=TRIGGER_FIRED if is_breach else TRIGGER_SILENT, **common)
    if is_breach and monitor.calls_retraining:
        add_to_outbox(session, kind=RETRAINING_CALLED, **common)


# ---------------------------------------------------------------- rows


def existing(session: Session, monitor_id: int) -> Monitor:
    monitor = session.get(Monitor, monitor_id)
    if monitor is None:
        raise NotFound(say("monitor"), monitor_id)
    return monitor


def _changeable(session: Session, action: str, monitor_id: int, by: Actor) -> Monitor:
    monitor = existing(session, monitor_id)
    require_on_project(session, action, by, monitor.project_id)
    open_project(session, monitor.project_id)
    if monitor.state == RETIRED:
        raise Refused(
            Blocker(
                "monitor:retired",
                say("“{monitor}” is retired. Add a new monitor instead.", monitor=monitor.name),
            )
        )
    return monitor


_takes_readings = _changeable


def _add(
    session: Session,
    project_id: int,
    spec: MonitorSpec,
    by: Actor,
    moment: datetime,
    *,
    key: str = "",
    plan_row: str | None = None,
) -> Monitor:
    taken = set(session.exec(select(Monitor.key).where(col(Monitor.project_id) == project_id)))
    monitor = Monitor(
        project_id=project_id,
        key=next_key(slug(key or spec.name), taken),
        name=spec.name,
        plan_row=plan_row,
        direction=spec.direction.value,
        limit_kind=spec.limit_kind.value,
        heard_at=moment,
        created_at=moment,
        created_by=by.key,
    )
    _put(monitor, spec)
    start_from_serving(session, monitor)
    session.add(monitor)
    session.flush()
    return monitor


def _put(monitor: Monitor, spec: MonitorSpec) -> None:
    for name, value in _as_json(spec).items():
        setattr(monitor, name, canonical_json(value) if name == "reads" else value)


def _as_json(spec: MonitorSpec) -> dict[str, Any]:
    """Column to value: enumerations as their words."""
    return {name: getattr(value, "value", value) for name, value in asdict(spec).items()}


def _tidy(spec: MonitorSpec) -> MonitorSpec:
    spec = replace(
        spec,
        name=" ".join(tidy("name", spec.name).split()),
        owner=" ".join(tidy("owner", spec.owner).split()),
        source=tidy("source", spec.source),
        action=tidy("action", spec.action),
        threshold=None if spec.threshold is None else float(spec.threshold),
    )
    if found := problems(spec):
        raise Invalid(found)
    return spec


def _record(
    session: Session,
    action: EventAction,
    monitor: Monitor,
    detail: Mapping[str, object],
    by: Actor,
    at: datetime,
) -> None:
    session.flush()
    record(
        session,
        chain=project_chain(monitor.project_id),
        action=action,
        subject=f"monitor:{monitor.id}",
        detail={"monitor": monitor.key, **detail},
        by=by,
        at=at,
    )
