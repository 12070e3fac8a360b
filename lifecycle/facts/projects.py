"""The facts of projects, read from rows in a number of statements that does not depend on how many there are."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, Protocol

from sqlalchemy import Row, Select, bindparam, func, select
from sqlmodel import Session

from lifecycle.canonical import sha256_hex
from lifecycle.errors import NotFound
from lifecycle.guide import FieldSpec, Guide
from lifecycle.language import say
from lifecycle.rules.answers import decode, is_complete
from lifecycle.rules.evidence import Content, FileContent, LinkContent, revision_content
from lifecycle.rules.project_facts import (
    AnswerFact,
    ConditionFact,
    EvidenceFact,
    GateDecisionFact,
    MemberFact,
    PastAnswer,
    ProjectFacts,
    ReasonFact,
    ReviewFact,
    SignOffFact,
    SourceFact,
    WaiverFact,
)
from lifecycle.rules.reminders import zone_of
from lifecycle.store.base import metadata
from lifecycle.store.tables import EvidenceRevision
from lifecycle.vocabulary import (
    Act,
    AnswerState,
    Decision,
    Gate,
    Outcome,
    ProjectStatus,
    Role,
    Stage,
)

DOCUMENT = "document"  # the origin of a project that came as a whole-project document
WITH_HISTORY = ("D27", "D37")  # the fields whose past some rule reads (C28, C71)
_TABLES = metadata.tables
_Line = Row[Any]
_Lines = Mapping[int, list[_Line]]
_NOBODY: Mapping[str, str] = MappingProxyType({})


# ---------------------------------------------------------------- the day


def today_in(time_zone: str, at: datetime) -> date:
    """The date of the moment `at` in that time zone; UTC where the zone is not known on this machine."""
    return at.astimezone(zone_of(time_zone)).date()


def end_of_day(day: date, time_zone: str) -> datetime:
    """The moment at which the day is over there: what happened before it is of that day or earlier."""
    return datetime.combine(day + timedelta(days=1), time.min, zone_of(time_zone)).astimezone(UTC)


def organisation_time_zone(session: Session) -> str:
    found = session.execute(_TIME_ZONE).scalar()
    return str(found or "UTC")


def organisation_today(session: Session, at: datetime) -> date:
    """The date at `at` in the organisation's time zone."""
    return today_in(organisation_time_zone(session), at)


# ---------------------------------------------------------------- projects


def load_facts(session: Session, project_id: int, *, today: date, guide: Guide) -> ProjectFacts:
    """The facts of one project as written so far, unflushed changes included. Raises NotFound."""
    found = load_many(session, [project_id], today=today, guide=guide)
    if project_id not in found:
        raise NotFound(say("project"), project_id)
    return found[project_id]


def load_many(
    session: Session, project_ids: Sequence[int], *, today: date, guide: Guide
) -> dict[int, ProjectFacts]:
    """The facts of several projects by id, in the order asked; ids that do not exist are left out."""
    session.flush()
    projects = {row.id: row for row in _read(session, "project", project_ids)}
    found = _lines(session, project_ids, guide)
    came = [row.id for row in projects.values() if row.origin == DOCUMENT]
    elsewhere = _elsewhere(session, came) if came else {}
    return {
        project_id: _facts(projects[project_id], found, today, elsewhere.get(project_id, {}))
        for project_id in project_ids
        if project_id in projects
    }


@dataclass(frozen=True)
class _Found:
    """All rows of the projects asked for, by table and project."""

    lines: Mapping[str, _Lines]
    invalidations: Mapping[int, tuple[str, ...]]
    names: Mapping[str, str]
    levels: Mapping[str, int]
    time_zone: str
    guide: Guide

    def of(self, table: str, project_id: int) -> list[_Line]:
        return self.lines[table].get(project_id, [])


def _lines(session: Session, project_ids: Sequence[int], guide: Guide) -> _Found:
    people = session.connection().execute(_PEOPLE).all()
    lines = {
        table: _by_project(_read(session, table, project_ids)) for table in _STATEMENTS if table != "project"
    }
    causes: dict[int, list[str]] = defaultdict(list)
    for rows in lines["invalidation"].values():
        for row in rows:
            causes[row.sign_off_id].append(row.detail or row.cause)
    return _Found(
        lines=lines,
        invalidations={key: tuple(texts) for key, texts in causes.items()},
        names={row.key: row.name for row in people},
        levels={row.key: row.approval_level for row in people},
        time_zone=organisation_time_zone(session),
        guide=guide,
    )


def people_names(session: Session) -> dict[str, str]:
    """The name of everybody by key."""
    return {row.key: row.name for row in session.connection().execute(_PEOPLE)}


def _read(session: Session, table: str, project_ids: Sequence[int]) -> Sequence[_Line]:
    return session.connection().execute(_STATEMENTS[table], {"projects": project_ids}).all()


def _statement(table: str) -> Select[Any]:
    """The rows of `:projects` that count, in the order they were written."""
    if table == "evidence":
        return _documents()
    columns = _TABLES[table].c
    key = columns["id" if table == "project" else "project_id"]
    statement = select(_TABLES[table]).where(key.in_(bindparam("projects", expanding=True)))
    if table in _ENDS:
        statement = statement.where(columns[_ENDS[table]].is_(None))
    if table == "answer":
        statement = statement.where(columns.field_id.in_(WITH_HISTORY))
    if table == "data_source":
        return statement.order_by(columns.position, columns.id)
    return statement.order_by(columns.id) if "id" in columns else statement


def _documents() -> Select[Any]:
    """Every document together with its newest revision, removed ones too."""
    item, revision = _TABLES["evidence"], _TABLES["evidence_revision"]
    other = revision.alias()
    newest = select(func.max(other.c.number)).where(other.c.evidence_id == item.c.id).scalar_subquery()
    parts = (
        revision.c[name] for name in ("number", "digest", "size", "media_type", "file_name", "address", "at")
    )
    return (
        select(item, revision.c.id.label("revision_id"), *parts)
        .join(revision, revision.c.evidence_id == item.c.id)
        .where(item.c.project_id.in_(bindparam("projects", expanding=True)), revision.c.number == newest)
        .order_by(item.c.id)
    )


_ENDS: Mapping[str, str] = MappingProxyType(
    {
        "membership": "ended_at",
        "data_source": "removed_at",
        "invalidation": "closed_at",
    }
)
_COUNTED = (
    "current_answer",
    "review",
    "sign_off",
    "condition",
    "waiver",
    "warning_reason",
    "gate_decision",
    "tier_choice",
    "evidence",
)
# Built once: every save reads them, and building one costs more than running it.
_STATEMENTS: Mapping[str, Select[Any]] = MappingProxyType(
    {table: _statement(table) for table in ("project", *_COUNTED, *_ENDS, "answer")}
)
_PEOPLE = select(_TABLES["person"].c.key, _TABLES["person"].c.name, _TABLES["person"].c.approval_level)
_TIME_ZONE = select(_TABLES["organisation"].c.time_zone)


def _by_project(rows: Sequence[_Line]) -> _Lines:
    grouped: dict[int, list[_Line]] = defaultdict(list)
    for row in rows:
        grouped[row.project_id].append(row)
    return grouped


def _facts(
    project: _Line, found: _Found, today: date, elsewhere: Mapping[tuple[Gate, Role], datetime]
) -> ProjectFacts:
    answers, of_sources = _answers(found.of("current_answer", project.id), found)
    decisions = tuple(_decision(row) for row in found.of("gate_decision", project.id))
    choices = found.of("tier_choice", project.id)
    documents = [_document(row) for row in found.of("evidence", project.id)]
    facts = ProjectFacts(
        today=today,
        stage=Stage(project.stage) if project.stage else None,
        gate=Gate(project.gate) if project.gate else None,
        furthest_stage=Stage(project.furthest_stage) if project.furthest_stage else None,
        status=ProjectStatus(project.status),
        is_adopted=project.origin != "register" or project.adopted_at is not None,
        answers=answers,
        sources=tuple(
            SourceFact(row.id, row.name, of_sources.get(row.id, {}))
            for row in found.of("data_source", project.id)
        ),
        reviews=tuple(_review(row) for row in found.of("review", project.id)),
        conditions=tuple(_condition(row) for row in found.of("condition", project.id)),
        waivers=tuple(_waiver(row) for row in found.of("waiver", project.id)),
        reasons=tuple(
            ReasonFact(row.check_id, row.reason, row.inputs_digest)
            for row in found.of("warning_reason", project.id)
        ),
        decisions=decisions,
        evidence=tuple(fact for fact in documents if fact.removed_at is None),
        removed_evidence=tuple(fact for fact in documents if fact.removed_at is not None),
        members=tuple(_member(row, found) for row in found.of("membership", project.id)),
        tier_choice=choices[-1].tier if choices else None,
        history=_history(found.of("answer", project.id), found),
        live_since=_live_since(decisions, found.time_zone),
        elsewhere=elsewhere,
    )
    # What a withdrawal ends depends on the tier, which the answers say.
    signed = found.of("sign_off", project.id)
    return replace(facts, sign_offs=_sign_offs(signed, found, facts.tier)) if signed else facts


def _elsewhere(session: Session, project_ids: Sequence[int]) -> dict[int, dict[tuple[Gate, Role], datetime]]:
    """When each role last decided favourably at each gate, as the imported documents of these projects say."""
    found: dict[int, dict[tuple[Gate, Role], datetime]] = defaultdict(dict)
    for row in session.connection().execute(_SIGNED_ELSEWHERE, {"projects": project_ids}):
        said = json.loads(row.content)
        place = Gate(said["gate"]), Role(said["role"])
        found[row.project_id].pop(place, None)
        if Decision(said["decision"]).is_favourable:
            found[row.project_id][place] = datetime.fromisoformat(said["at"])
    return found


_ELSEWHERE = _TABLES["elsewhere_record"]
_SIGNED_ELSEWHERE = (
    select(_ELSEWHERE.c.project_id, _ELSEWHERE.c.content)
    .where(
        _ELSEWHERE.c.project_id.in_(bindparam("projects", expanding=True)), _ELSEWHERE.c.kind == "sign_off"
    )
    .order_by(_ELSEWHERE.c.id)
)


# ---------------------------------------------------------------- answers


def content_digest(state: AnswerState, value: str | None, reason: str | None) -> str:
    """What a sign-off is bound to: the value of what is answered, the reason why something does not apply.

    That something is not known is content too; who finds out and by when is not: a later day changes nothing of
    what was signed.
    """
    said = {AnswerState.ANSWERED: value, AnswerState.NOT_APPLICABLE: reason}.get(state)
    return sha256_hex(f"{state.value}\n{said or ''}")


class StoredAnswer(Protocol):
    """A current answer as it is stored, be it a row that was read or one just written."""

    @property
    def source_id(self) -> int: ...
    @property
    def answer_id(self) -> int: ...
    @property
    def revision(self) -> int: ...
    @property
    def state(self) -> str | None: ...
    @property
    def value(self) -> str | None: ...
    @property
    def owner(self) -> str | None: ...
    @property
    def due_on(self) -> date | None: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def settled_stage(self) -> str | None: ...
    @property
    def at(self) -> datetime: ...


def answer_fact(
    field: FieldSpec, row: StoredAnswer | _Line, names: Mapping[str, str] = _NOBODY
) -> AnswerFact | None:
    """The fact of one current answer, None when it was cleared. `names` gives people's names by key."""
    if row.state is None:
        return None
    state = AnswerState(row.state)
    value, complete = _value(field, row.value, names) if state is AnswerState.ANSWERED else (None, True)
    return AnswerFact(
        state=state,
        value=value,
        complete=complete,
        owner=row.owner,
        due_on=row.due_on,
        reason=row.reason,
        answer_id=row.answer_id,
        revision=row.revision,
        content=content_digest(state, row.value, row.reason),
        settled_stage=Stage(row.settled_stage) if row.settled_stage else None,
        at=row.at,
    )


def _value(field: FieldSpec, stored: str | None, names: Mapping[str, str]) -> tuple[Any, bool]:
    """The typed value and whether it is whole.

    An answer from before its question changed shape may not be readable any more: it then counts as one that
    has to be given again, and its text stays in the history.
    """
    try:
        value = decode(field, json.loads(stored or "null"), names)
        return value, is_complete(field, value)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        return None, False


def _answers(
    rows: Sequence[_Line], found: _Found
) -> tuple[dict[str, AnswerFact], dict[int, dict[str, AnswerFact]]]:
    """Facts of the worksheet, and of each source; answers to questions that the guide dropped are left out."""
    worksheet: dict[str, AnswerFact] = {}
    of_sources: dict[int, dict[str, AnswerFact]] = defaultdict(dict)
    for row in rows:
        field = found.guide.fields.get(row.field_id)
        fact = answer_fact(field, row, found.names) if field else None
        if fact:
            place = of_sources[row.source_id] if row.source_id else worksheet
            place[row.field_id] = fact
    return worksheet, of_sources


def _history(rows: Sequence[_Line], found: _Found) -> dict[str, tuple[PastAnswer, ...]]:
    past: dict[str, list[PastAnswer]] = defaultdict(list)
    for row in rows:
        field = found.guide.fields.get(row.field_id)
        if field:
            state = AnswerState(row.state) if row.state else None
            answered = state is AnswerState.ANSWERED
            value = _value(field, row.value, found.names)[0] if answered else None
            past[row.field_id].append(PastAnswer(value, state, row.at))
    return {field_id: tuple(answers) for field_id, answers in past.items()}


# ---------------------------------------------------------------- decisions and what goes with them


def _sign_offs(rows: Sequence[_Line], found: _Found, tier: int | None) -> tuple[SignOffFact, ...]:
    """Decisions that stand, oldest first. Withdrawing one ends all that its role said at that gate before.

    Where several people have to approve, it ends what was said on that review alone.
    """
    standing: list[_Line] = []
    for row in rows:
        if row.withdraws is None:
            standing.append(row)
            continue
        alone = found.guide.approvals_needed(Gate(row.gate), Role(row.role), tier) == 1
        standing = [
            kept
            for kept in standing
            if (kept.gate, kept.role) != (row.gate, row.role)
            or not (alone or kept.review_id == row.review_id or kept.person_key == row.person_key)
        ]
    return tuple(_sign_off(row, found) for row in standing)


def _sign_off(row: _Line, found: _Found) -> SignOffFact:
    return SignOffFact(
        id=row.id,
        review_id=row.review_id,
        gate=Gate(row.gate),
        role=Role(row.role),
        act=Act(row.act),
        person_key=row.person_key,
        printed_name=row.printed_name,
        decision=Decision(row.decision),
        at=row.at,
        covered={key: content for key, (_, content) in json.loads(row.covered).items()},
        approval_level=found.levels.get(row.person_key, 0),
        invalidations=found.invalidations.get(row.id, ()),
        fields=tuple(json.loads(row.fields)),
        comment=row.comment,
        signed_on=today_in(found.time_zone, row.at),
    )


def _review(row: _Line) -> ReviewFact:
    return ReviewFact(
        id=row.id,
        gate=Gate(row.gate),
        role=Role(row.role),
        act=Act(row.act),
        person_key=row.person_key,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        due_on=row.due_on,
        state=row.state,
        handed_over_by=row.handed_over_by,
    )


def _condition(row: _Line) -> ConditionFact:
    role = Role(row.role) if row.role else None
    return ConditionFact(row.id, Gate(row.gate), role, row.text, row.owner, row.due_on, row.state)


def _waiver(row: _Line) -> WaiverFact:
    return WaiverFact(
        id=row.id,
        check_id=row.check_id,
        gate=Gate(row.gate),
        approver=row.approver,
        mitigation=row.mitigation,
        expires_on=row.expires_on,
        is_revoked=row.revoked_at is not None,
    )


def _decision(row: _Line) -> GateDecisionFact:
    to_stage = Stage(row.to_stage) if row.to_stage else None
    return GateDecisionFact(Gate(row.gate), Outcome(row.outcome), row.at, row.by_key, row.reason, to_stage)


def _document(row: _Line) -> EvidenceFact:
    return EvidenceFact(
        field_id=row.field_id,
        gate=Gate(row.gate) if row.gate else None,
        expires_on=row.expires_on,
        id=row.id,
        title=row.title,
        source_id=row.source_id,
        content=revision_content(content_of_row(row)),
        revision=row.number,
        revision_id=row.revision_id,
        at=row.at,
        removed_at=row.removed_at,
    )


def content_of_row(row: EvidenceRevision | _Line) -> Content:
    """What a stored revision holds."""
    if row.digest:
        return FileContent(row.digest, row.size, row.media_type, row.file_name)
    return LinkContent(row.address)


def _member(row: _Line, found: _Found) -> MemberFact:
    level, name = found.levels.get(row.person_key, 0), found.names.get(row.person_key, "")
    return MemberFact(row.person_key, Role(row.role), level, name)


def _live_since(decisions: Sequence[GateDecisionFact], time_zone: str) -> date | None:
    """The day of the first Launch go since the project was last sent back; None before, and for imports."""
    live: datetime | None = None
    for made in decisions:
        if made.outcome is Outcome.RECYCLE:
            live = None
        elif made.gate is Gate.LAUNCH and made.outcome in (Outcome.GO, Outcome.GO_WITH_CONDITIONS):
            live = live or made.at
    return today_in(time_zone, live) if live else None
