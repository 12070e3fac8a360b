"""Standing rows: what every project amounts to, refreshed in the same transaction as any write that changes it.

`since` is the moment the level last changed (for a project: its gate or level), kept over refreshes and rebuilds.
History gets a row only when something changed; that a date will pass (`valid_until`) is no change.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlmodel import Session

from lifecycle.canonical import canonical_json, moment_text
from lifecycle.facts.editions import load_by_guide
from lifecycle.facts.projects import (
    load_facts,
    organisation_time_zone,
    organisation_today,
)
from lifecycle.guide import Guide
from lifecycle.language import ENGLISH, LANGUAGES, language, say, speaking
from lifecycle.rules.assessment import AnswerStanding, Basis, GateAssessment, Obstacle, answer_standing
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.readiness import (
    GateReadiness,
    early_planning_index,
    open_production_questions,
    production_debt,
    readiness_of_all,
    top_obstacle,
)
from lifecycle.rules.reminders import zone_of
from lifecycle.rules.signoffs import (
    SignOffState,
    approvals_due,
    sign_off_status,
    stale_sign_offs,
    valid_through,
)
from lifecycle.rules.validity import valid_until
from lifecycle.store.base import metadata
from lifecycle.store.outbox import add_to_outbox
from lifecycle.store.tallies import forget_days, recount
from lifecycle.vocabulary import Gate, SignOffStatus

_STANDING = metadata.tables["standing"]
_PROJECT = metadata.tables["project_standing"]
_HISTORY = metadata.tables["standing_history"]
_PAST = metadata.tables["standing_past"]
_TARGETS = metadata.tables["target_date"]
# Built once: read with every answer saved.
_STORED_PROJECT = select(_PROJECT).where(_PROJECT.c.project_id == bindparam("project"))
_STORED_GATES = select(_STANDING).where(_STANDING.c.project_id == bindparam("project"))
_DROP_GATES = delete(_STANDING).where(
    _STANDING.c.project_id == bindparam("project"), _STANDING.c.gate.in_(bindparam("gates", expanding=True))
)
_CHANGE_PROJECT = update(_PROJECT).where(_PROJECT.c.project_id == bindparam("project"))
_TARGETS_OF = select(_TARGETS).where(_TARGETS.c.project_id == bindparam("project"))
_GATE_COLUMNS = tuple(column.name for column in _STANDING.c if column.name not in ("project_id", "gate"))
_PROJECT_COLUMNS = tuple(column.name for column in _PROJECT.c if column.name != "project_id")
_PAST_COLUMNS = frozenset(column.name for column in _PAST.c)
_EVENTS = metadata.tables["event"]
_MOMENTS = ("since", "waiting_since")
_WAITS_UNTIL_DONE = "standing refreshed once for project"  # in the session's own notes
GONE_STALE = "sign_off.gone_stale"
STALE_SETTLES = timedelta(minutes=5)  # an answer is saved while it is typed: its last word counts
_HELD = (SignOffStatus.SIGNED.value, SignOffStatus.CONDITIONAL.value)
_AT_ONCE = 200  # projects in memory while rebuilding

Content = dict[str, Any]  # a row as plain values: what the history keeps as JSON


@dataclass(frozen=True, slots=True)
class Standings:
    """The six gates of a project and the project itself, as rows."""

    gates: Mapping[str, Content]
    project: Content

    def as_json(self) -> str:
        """Without what it says in other languages, which is no other standing."""
        project = {name: value for name, value in self.project.items() if name != "retold"}
        return canonical_json({"gates": self.gates, "project": project})


def words_of(row: Any, name: str) -> str:
    """What `top_blocker` or `next_what` of a standing row says, in the language spoken now."""
    code = language()
    english = str(getattr(row, name) or "")
    if code == ENGLISH or not english:
        return english
    return str(json.loads(row.retold or "{}").get(code, {}).get(name) or english)


# ---------------------------------------------------------------- writing


def refresh_standing(
    session: Session,
    project_id: int,
    *,
    guide: Guide,
    at: datetime,
    today: date | None = None,
    facts: ProjectFacts | None = None,
    basis: Basis | None = None,
) -> None:
    """Recompute and write a project's standing, in the caller's transaction, after its rows changed.

    `facts` saves reading the project again; they must show the rows as they are now. Their `basis` saves judging
    them again. `today` defaults to the organisation's date at `at`. A project that was imported and not adopted
    has no standing.
    """
    if session.info.get(_WAITS_UNTIL_DONE) == project_id:
        return
    day = today or (facts.today if facts else organisation_today(session, at))
    known = facts or load_facts(session, project_id, today=day, guide=guide)
    stored = _stored(session, project_id)
    _write(session, project_id, known, guide, at, before=stored, stored=stored, basis=basis)


@contextmanager
def refreshed_once(session: Session, project_id: int, *, guide: Guide, at: datetime) -> Iterator[None]:
    """Many writes to one project in one transaction: its standing is refreshed when all are done, as of `at`.

    For what brings many answers at once. Nothing in between may read the standing; the rules read facts, not it.
    """
    session.info[_WAITS_UNTIL_DONE] = project_id
    try:
        yield
    finally:
        del session.info[_WAITS_UNTIL_DONE]
    refresh_standing(session, project_id, guide=guide, at=at)


def rebuild_standing(
    session: Session,
    *,
    guide: Guide,
    at: datetime,
    project_ids: Sequence[int] | None = None,
    today: date | None = None,
) -> int:
    """Write the standing of these, or of all, projects anew from their rows; returns how many have one.

    The moments are taken from the history, so that the result equals what was kept up to date all along. `today`
    defaults to the organisation's date at `at`.
    """
    projects = metadata.tables["project"].c.id
    ids = list(project_ids) if project_ids is not None else list(session.execute(select(projects)).scalars())
    today = today or organisation_today(session, at)
    assessed = 0
    for start in range(0, len(ids), _AT_ONCE):
        for own, found in load_by_guide(session, ids[start : start + _AT_ONCE], today=today, guide=guide):
            for project_id, facts in found.items():
                _write(session, project_id, facts, own, at, before=_newest_history(session, project_id))
                assessed += facts.is_adopted
    return assessed


def rebuild_lapsed(session: Session, *, guide: Guide, at: datetime) -> int:
    """Write anew what a date has outrun since it was written; returns how many projects that were.

    Dates pass without a write: whoever reads the portfolio calls this first. No event: nothing was done. Each date
    that passed is dated on its own day, whenever it is noticed, so that the portfolio as of that day has it.
    """
    today, zone = organisation_today(session, at), zone_of(organisation_time_zone(session))
    found: set[int] = set()
    day = date.min
    while (lapsed := _lapsed(session, today)) and min(lapsed.values()) >= day:
        day = min(lapsed.values()) + timedelta(days=1)
        ids = [project_id for project_id, lasted in lapsed.items() if lasted < day]
        noon = datetime.combine(day, time(12), zone).astimezone(UTC)
        rebuild_standing(session, guide=guide, at=min(noon, at), project_ids=ids, today=day)
        found.update(ids)
    return len(found)


def let_dates_pass(session: Session, project_id: int, *, guide: Guide, until: datetime) -> None:
    """Write the standing anew on every day since the last write on which a date had passed by itself.

    So that `since` and the history say when something fell due and not when somebody looked. As the daily job
    would have done; no event, because nothing was done.
    """
    today = organisation_today(session, until)
    stored = _stored(session, project_id)
    while stored and (lasts := stored.project["valid_until"]) and lasts < today:
        day = lasts + timedelta(days=1)
        noon = datetime.combine(day, time(12), UTC)  # the same date nearly everywhere
        refresh_standing(session, project_id, guide=guide, at=min(noon, until), today=day)
        stored = _stored(session, project_id)


def lapsed_standing(session: Session, *, at: datetime) -> list[int]:
    """The projects whose standing holds no longer: a day after their `valid_until` has begun."""
    return list(_lapsed(session, organisation_today(session, at)))


def _lapsed(session: Session, today: date) -> dict[int, date]:
    """Until which day it lasted, by project."""
    chosen = select(_PROJECT.c.project_id, _PROJECT.c.valid_until).where(_PROJECT.c.valid_until < today)
    return {
        row.project_id: row.valid_until for row in session.execute(chosen.order_by(_PROJECT.c.project_id))
    }


def compute_standing(
    session: Session, project_id: int, facts: ProjectFacts, guide: Guide, at: datetime
) -> Standings:
    """The standing as it is now, without writing it: for readers past `valid_until`."""
    return _compute(facts, guide, _targets(session, project_id), at, _stored(session, project_id))


def stored_standing(session: Session, project_id: int) -> Standings | None:
    """The rows as they are, None when there are none."""
    return _stored(session, project_id)


def _write(
    session: Session,
    project_id: int,
    facts: ProjectFacts,
    guide: Guide,
    at: datetime,
    *,
    before: Standings | None,
    stored: Standings | None = None,
    basis: Basis | None = None,
) -> None:
    """`before` is what it was, for the moments; `stored` the rows as they are, None when they are not known."""
    now = None
    if facts.is_adopted:
        now = _compute(facts, guide, _targets(session, project_id), at, before, basis)
    if now is not None and now == stored:
        return
    if now is None or stored is None:
        for table in (_STANDING, _PROJECT):
            session.execute(delete(table).where(table.c.project_id == project_id))
    if now is None:
        recount(session, [project_id])
        return
    _replace(session, project_id, now, stored)
    if stored is None or _tallied(now) != _tallied(stored):
        recount(session, [project_id])
    if before is not None:
        _tell_gone_stale(session, project_id, before, now, at)
    if before is None or _lasting(now) != _lasting(before):
        session.execute(insert(_HISTORY), {"project_id": project_id, "at": at, "content": now.as_json()})
        session.execute(insert(_PAST), {"project_id": project_id, "at": at, **_counted(now)})
        forget_days(session, at)


def _counted(now: Standings) -> Content:
    """What the portfolio counts of it, at any later day as of this one."""
    ahead = now.project["gate"] or Gate.DISCOVERY.value
    said = {name: value for name, value in now.project.items() if name in _PAST_COLUMNS}
    return {**said, "roles": now.gates[ahead]["roles"]}


def _tallied(standings: Standings) -> tuple[object, ...]:
    """All that the overview counts of it: most answers change nothing of this."""
    project = standings.project
    roles = [row["roles"] for row in standings.gates.values()]
    return project["level"], project["since"], project["causes"], project["stale"], project["overdue"], roles


def _replace(session: Session, project_id: int, now: Standings, stored: Standings | None) -> None:
    """Write the rows that differ from what is stored."""
    gates = [
        {"project_id": project_id, "gate": gate, **row}
        for gate, row in now.gates.items()
        if stored is None or row != stored.gates.get(gate)
    ]
    connection = session.connection()
    if gates and stored is not None:
        connection.execute(_DROP_GATES, {"project": project_id, "gates": [row["gate"] for row in gates]})
    if gates:
        connection.execute(insert(_STANDING), gates)
    if stored is None:
        connection.execute(insert(_PROJECT), {"project_id": project_id, **now.project})
    elif now.project != stored.project:
        connection.execute(_CHANGE_PROJECT, {"project": project_id, **now.project})


def _tell_gone_stale(
    session: Session, project_id: int, before: Standings, now: Standings, at: datetime
) -> None:
    """Whoever signed is told when what they signed changed, whatever changed it."""
    for gate, row in now.gates.items():
        was, roles = before.gates.get(gate, {}).get("roles", "{}"), row["roles"]
        if was == roles:
            continue
        earlier = json.loads(was)
        for role, (status, _) in json.loads(roles).items():
            if status == SignOffStatus.STALE.value and earlier.get(role, [None])[0] in _HELD:
                add_to_outbox(
                    session,
                    kind=GONE_STALE,
                    project_id=project_id,
                    subject=f"gate:{gate}",
                    detail={"gate": gate, "role": role},
                    by_key=_who_changed(session, project_id, at),
                    at=at,
                    wait=STALE_SETTLES,
                )


def _who_changed(session: Session, project_id: int, at: datetime) -> str:
    """Whoever the event of this moment names; nobody where only a date has passed."""
    of_project = _EVENTS.c.chain == f"project:{project_id}"
    newest = select(_EVENTS.c.at, _EVENTS.c.actor_key).where(of_project).order_by(_EVENTS.c.sequence.desc())
    found = session.execute(newest.limit(1)).one_or_none()
    return str(found.actor_key) if found and found.at >= moment_text(at) else ""


def _lasting(standings: Standings) -> str:
    """All of it but the days until which it holds by itself."""
    plain = json.loads(standings.as_json())
    for row in (plain["project"], *plain["gates"].values()):
        row.pop("valid_until")
    return canonical_json(plain)


def _stored(session: Session, project_id: int) -> Standings | None:
    """The rows written last."""
    connection, of = session.connection(), {"project": project_id}
    found = connection.execute(_STORED_PROJECT, of).one_or_none()
    if found is None:
        return None
    rows = connection.execute(_STORED_GATES, of)
    gates = {row.gate: _content(row, _GATE_COLUMNS) for row in rows}
    return Standings(gates, _content(found, _PROJECT_COLUMNS))


def _content(row: Any, columns: Sequence[str]) -> Content:
    return {column: getattr(row, column) for column in columns}


def _newest_history(session: Session, project_id: int) -> Standings | None:
    """What the history says last; its moments come back as moments."""
    newest = (
        select(_HISTORY.c.content)
        .where(_HISTORY.c.project_id == project_id)
        .order_by(_HISTORY.c.at.desc(), _HISTORY.c.id.desc())
        .limit(1)
    )
    text = session.execute(newest).scalar()
    if text is None:
        return None
    plain = json.loads(text)
    gates = {gate: _with_moments(row) for gate, row in plain["gates"].items()}
    return Standings(gates, _with_moments(plain["project"]))


def _with_moments(row: Content) -> Content:
    return {
        name: datetime.fromisoformat(value) if name in _MOMENTS and value else value
        for name, value in row.items()
    }


def _targets(session: Session, project_id: int) -> dict[Gate, date]:
    rows = session.connection().execute(_TARGETS_OF, {"project": project_id})
    return {Gate(row.gate): row.on_date for row in rows}


# ---------------------------------------------------------------- computing


def _compute(
    facts: ProjectFacts,
    guide: Guide,
    targets: Mapping[Gate, date],
    at: datetime,
    before: Standings | None,
    basis: Basis | None = None,
) -> Standings:
    """In English, whoever caused it: `basis` may be in words of theirs."""
    known = basis if language() == ENGLISH else None
    with speaking(ENGLISH):
        return _compute_in_english(facts, guide.as_written, targets, at, before, known)


def _compute_in_english(
    facts: ProjectFacts,
    guide: Guide,
    targets: Mapping[Gate, date],
    at: datetime,
    before: Standings | None,
    basis: Basis | None,
) -> Standings:
    ready = readiness_of_all(facts, guide, basis)
    until = _until(facts, guide, targets)
    gates = {
        gate.value: _gate_content(facts, guide, each, at, before.gates.get(gate.value) if before else None)
        | {"valid_until": until}
        for gate, each in ready.items()
    }
    current = facts.gate or Gate.DISCOVERY
    project = _project_content(facts, guide, ready[current], targets)
    was = before.project if before else None
    same = was is not None and (was["gate"], was["level"]) == (project["gate"], project["level"])
    since = was["since"] if was and same else at
    return Standings(gates, project | {"since": since, "valid_until": until})


def _gate_content(
    facts: ProjectFacts, guide: Guide, ready: GateReadiness, at: datetime, was: Content | None
) -> Content:
    return {
        "level": ready.level.value,
        "weakest": ready.weakest.value,
        **{area.value: share for area, share in ready.shares.items()},
        "blockers": len(ready.obstacles),
        "warnings": ready.warnings,
        "roles": canonical_json(_roles(facts, guide, ready)),
        "since": was["since"] if was and was["level"] == ready.level.value else at,
    }


def _roles(facts: ProjectFacts, guide: Guide, ready: GateReadiness) -> dict[str, list[str | None]]:
    """Status and since when of every role asked at the gate, opinions included."""
    required = {item.role: item for item in ready.sign_offs}
    asked = (spec for spec in guide.reviews(ready.gate, tier=facts.tier) if not spec.only_when_stale)
    for spec in asked:
        if spec.role not in required:
            required[spec.role] = sign_off_status(facts, guide, ready.gate, spec.role)
    return {role.value: [item.status.value, _text(item.since)] for role, item in required.items()}


def _text(moment: datetime | None) -> str | None:
    return moment_text(moment) if moment else None


def _project_content(
    facts: ProjectFacts, guide: Guide, ready: GateReadiness, targets: Mapping[Gate, date]
) -> Content:
    index = early_planning_index(facts, guide)
    top = top_obstacle(ready, guide)
    waiting = _longest_waiting(ready.sign_offs)
    coming = _coming(facts, guide, targets)
    first = min(range(len(coming)), key=lambda place: coming[place], default=None)
    next_on, next_what = coming[first] if first is not None else (None, "")
    return {
        "gate": facts.gate.value if facts.gate else None,
        "level": ready.level.value,
        "weakest": ready.weakest.value,
        "readiness": ready.readiness,
        "tier": facts.tier,
        "early_index": round(index * 1000) if index is not None else None,
        "debt": production_debt(facts, guide),
        "open_questions": len(open_production_questions(facts, guide)),
        "blockers": len(ready.obstacles),
        "top_blocker": ready.assessment.in_words(top).text if top else "",
        "top_code": top.code if top else "",
        "causes": canonical_json(_causes(ready)),
        "waiting_role": waiting.role.value if waiting else None,
        "waiting_since": waiting.since if waiting else None,
        "stale": len(stale_sign_offs(facts, guide)),
        "overdue": _overdue(facts, targets),
        "next_on": next_on,
        "next_what": next_what,
        "retold": canonical_json(_retold(facts, guide, ready.assessment, top, targets, first)),
    }


def _retold(
    facts: ProjectFacts,
    guide: Guide,
    gathered: GateAssessment,
    top: Obstacle | None,
    targets: Mapping[Gate, date],
    first: int | None,
) -> dict[str, dict[str, str]]:
    """What the row says in words, in each of the other languages; `first` is the place of what is due next."""
    found = {}
    for code in LANGUAGES:
        if code != ENGLISH:
            with speaking(code):
                own = guide.here()
                found[code] = {
                    "top_blocker": gathered.in_words_again(top, own) if top else "",
                    "next_what": _coming(facts, own, targets)[first][1] if first is not None else "",
                }
    return found


def _causes(ready: GateReadiness) -> dict[str, int]:
    """Obstacles counted by area and, where a role has to act, by role."""
    areas = (item.area.value for item in ready.obstacles)
    roles = (item.role.value for item in ready.obstacles if item.role)
    return dict(Counter((*areas, *roles)))


def _longest_waiting(sign_offs: Sequence[SignOffState]) -> SignOffState | None:
    waiting = [item for item in sign_offs if item.status is SignOffStatus.WAITING and item.since]
    return min(waiting, key=lambda item: _text(item.since) or "", default=None)


def _open_targets(facts: ProjectFacts, targets: Mapping[Gate, date]) -> dict[Gate, date]:
    """Target dates of gates that are still ahead."""
    passed = {gate for gate in facts.passed_gates if gate is not Gate.OPERATE}
    return {gate: day for gate, day in targets.items() if gate not in passed}


def _overdue(facts: ProjectFacts, targets: Mapping[Gate, date]) -> int:
    """How many days have passed without what was due: conditions, don't-knows, reviews, target dates."""
    answers = (*facts.answers.values(), *(fact for each in facts.sources for fact in each.answers.values()))
    days = (
        *(item.due_on for item in facts.conditions if item.state == "open"),
        *(item.due_on for item in facts.reviews if item.state == "open" and item.due_on),
        *_open_targets(facts, targets).values(),
    )
    unknown = sum(answer_standing(facts, fact) is AnswerStanding.OVERDUE for fact in answers)
    return unknown + sum(day < facts.today for day in days)


def _coming(facts: ProjectFacts, guide: Guide, targets: Mapping[Gate, date]) -> list[tuple[date, str]]:
    """What is due from today on; in one order, whatever the language."""
    go_live = facts.answer("D37")
    due = [(day, say("{gate} gate", gate=gate.title)) for gate, day in _open_targets(facts, targets).items()]
    due += [
        (item.due_on, say("Condition: {item}", item=item.text))
        for item in facts.conditions
        if item.state == "open"
    ]
    due += [
        (item.due_on, say("Review by {role}", role=item.role.title))
        for item in facts.reviews
        if item.state == "open" and item.due_on
    ]
    due += [
        (last, say("Re-approval by {role}", role=made.role.title))
        for made in approvals_due(facts, guide)
        if (last := valid_through(facts, guide, made))
    ]
    if go_live and isinstance(go_live.value, date) and facts.live_since is None:
        due.append((go_live.value, say("First go-live")))
    return [(day, what) for day, what in due if day >= facts.today]


def _until(facts: ProjectFacts, guide: Guide, targets: Mapping[Gate, date]) -> date | None:
    planned = (day for day in targets.values() if day >= facts.today)
    return min((day for day in (valid_until(facts, guide), *planned) if day), default=None)
