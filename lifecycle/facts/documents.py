"""A project's rows as one whole document, and back: which rows stay apart because they were recorded elsewhere.

Everything in a document is named by its number in it, so that two installations write the same project the same way.
What an imported document said of roles, reviews, decisions and files is in `elsewhere_record` and keeps its numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.canonical import canonical_json, moment_text
from lifecycle.events import chain_stamp, project_chain
from lifecycle.facts.document_parts import (
    NOT_PEOPLE,
    SCHEMA_VERSION,
    AnswerPart,
    AnyPart,
    BatchPart,
    ChangeAnswerPart,
    ConditionPart,
    CorrectionPart,
    CoveredPart,
    DelegationPart,
    EvidencePart,
    FiringPart,
    FrozenAnswerPart,
    FrozenDocumentPart,
    FrozenSignOffPart,
    FrozenSourcePart,
    GateDecisionPart,
    GateStandingPart,
    GoPart,
    IncidentPart,
    InvalidationPart,
    MemberPart,
    MessagePart,
    MonitorPart,
    NotePart,
    Owner,
    PersonPart,
    ProjectDocument,
    ProjectPart,
    RegisterPart,
    ReleasePart,
    ReleaseStepPart,
    Rename,
    RetirementPart,
    ReviewPart,
    RevisionPart,
    SharedSourcePart,
    SignOffPart,
    SourcePart,
    StandingPart,
    TargetDatePart,
    ThreadPart,
    TierChoicePart,
    VersionPart,
    WaiverPart,
    WarningReasonPart,
    people_in,
    with_people,
)
from lifecycle.facts.projects import WITH_HISTORY, answer_fact
from lifecycle.guide import Guide, PartSpec
from lifecycle.rules.parts import NAMES_OF_PEOPLE_START
from lifecycle.rules.project_facts import (
    AnswerFact,
    ConditionFact,
    PastAnswer,
    ProjectFacts,
    SourceFact,
)
from lifecycle.store.base import Row
from lifecycle.store.readings import readings_by_batch
from lifecycle.store.tables import (
    Answer,
    ChangeAnswer,
    Condition,
    CurrentAnswer,
    DataSource,
    Delegation,
    ElsewhereRecord,
    Evidence,
    EvidenceRevision,
    Firing,
    GateDecision,
    Incident,
    IncidentNote,
    Invalidation,
    Membership,
    Monitor,
    PersonRow,
    Project,
    ProjectStanding,
    Reading,
    ReadingBatch,
    ReadingCorrection,
    RegisterEntry,
    Release,
    ReleaseStep,
    Retirement,
    Review,
    SharedSource,
    SignOff,
    Standing,
    TargetDate,
    Thread,
    ThreadMessage,
    TierChoice,
    Waiver,
    WarningReason,
)
from lifecycle.vocabulary import Gate

# Kinds of elsewhere records that are lists of the document: kind -> its name there. The others are single.
LISTS: Mapping[str, tuple[str, type[Any]]] = {
    "member": ("members", MemberPart),
    "review": ("reviews", ReviewPart),
    "sign_off": ("sign_offs", SignOffPart),
    "change_answer": ("change_answers", ChangeAnswerPart),
    "invalidation": ("invalidations", InvalidationPart),
    "waiver": ("waivers", WaiverPart),
    "warning_reason": ("warning_reasons", WarningReasonPart),
    "gate_decision": ("gate_decisions", GateDecisionPart),
    "tier_choice": ("tier_choices", TierChoicePart),
    "delegation": ("delegations", DelegationPart),
    "evidence": ("evidence", EvidencePart),
    "shared_source": ("shared_sources", SharedSourcePart),
    "release": ("releases", ReleasePart),
    "retirement": ("retirements", RetirementPart),
}
CAME_AS, REGISTER, STANDING, CONDITION = "project", "register_entry", "standing", "condition"
# What a monitor or an incident was when it came, by the id that it has here: it comes in paused, or unsigned.
MONITOR, INCIDENT = "monitor", "incident"

_Row = TypeVar("_Row", bound=Row)
_Value = Any


def read_document(session: Session, project_id: int, *, guide: Guide) -> ProjectDocument:
    """The whole project; people are numbered in the order in which they first appear. Writes nothing."""
    read = _Reader(session, project_id, guide)
    named = ProjectDocument(
        format="lifecycle-project",
        schema_version=SCHEMA_VERSION,
        project=read.project(),
        people=[],
        register_entry=read.register_entry(),
        members=read.with_elsewhere("member", map(_member, read.rows(Membership))),
        sources=read.sources(),
        answers=list(read.answers()),
        threads=list(read.threads()),
        target_dates=read.target_dates(),
        reviews=read.with_elsewhere("review", map(read.review, read.rows(Review))),
        sign_offs=read.with_elsewhere("sign_off", map(read.sign_off, read.rows(SignOff))),
        change_answers=read.with_elsewhere("change_answer", map(read.change_answer, read.rows(ChangeAnswer))),
        invalidations=read.with_elsewhere("invalidation", map(read.invalidation, read.rows(Invalidation))),
        conditions=[read.condition(row) for row in read.rows(Condition)],
        waivers=read.with_elsewhere("waiver", map(read.waiver, read.rows(Waiver))),
        warning_reasons=read.with_elsewhere("warning_reason", map(_reason, read.rows(WarningReason))),
        gate_decisions=read.with_elsewhere("gate_decision", map(_gate_decision, read.rows(GateDecision))),
        tier_choices=read.with_elsewhere("tier_choice", map(read.tier_choice, read.rows(TierChoice))),
        delegations=read.with_elsewhere("delegation", map(_delegation, read.rows(Delegation))),
        evidence=read.evidence(),
        shared_sources=read.with_elsewhere("shared_source", map(read.shared_source, read.rows(SharedSource))),
        releases=read.releases(),
        retirements=read.with_elsewhere("retirement", map(_retirement, read.rows(Retirement))),
        incidents=list(read.incidents()),
        monitors=list(read.monitors()),
        standing=read.standing(),
    )
    return _numbered(named, guide, read.people)


def facts_of(document: ProjectDocument, *, guide: Guide, today: date) -> ProjectFacts:
    """The facts of a document that is not stored: what they would be here, where nothing decided elsewhere counts."""
    names = {person.id: person.name for person in document.people}
    worksheet: dict[str, AnswerFact] = {}
    of_sources: dict[str, dict[str, AnswerFact]] = {source.id: {} for source in document.sources}
    history: dict[str, tuple[PastAnswer, ...]] = {}
    for part in document.answers:
        spec = guide.fields.get(part.field)
        facts = (
            [answer_fact(spec, _as_stored(part, each, guide), names) for each in part.versions]
            if spec
            else []
        )
        if facts and facts[-1]:
            (of_sources[part.source] if part.source else worksheet)[part.field] = facts[-1]
        if part.field in WITH_HISTORY:
            history[part.field] = tuple(
                PastAnswer(fact.value if fact else None, fact.state if fact else None, version.at)
                for fact, version in zip(facts, part.versions, strict=True)
            )
    project = document.project
    return ProjectFacts(
        today=today,
        stage=project.stage,
        gate=project.gate,
        furthest_stage=project.furthest_stage,
        status=project.status,
        is_adopted=project.origin != "register" or project.adopted_at is not None,
        answers=worksheet,
        sources=tuple(
            SourceFact(int(source.id[1:]), source.name, of_sources[source.id])
            for source in sorted(document.sources, key=lambda source: (source.position, int(source.id[1:])))
            if source.removed_at is None
        ),
        conditions=tuple(
            ConditionFact(number, part.gate, part.role, part.text, part.owner.name, part.due_on, part.state)
            for number, part in enumerate(document.conditions, 1)
        ),
        history=history,
    )


@dataclass(frozen=True)
class _StoredVersion:
    """One version as the rules read a stored answer."""

    source_id: int
    answer_id: int
    revision: int
    state: str | None
    value: str | None
    owner: str | None
    due_on: date | None
    reason: str | None
    settled_stage: str | None
    at: datetime


def _as_stored(part: AnswerPart, version: VersionPart, guide: Guide) -> _StoredVersion:
    value = repointed(
        guide, part.field, version.value, person=str, source=lambda name: name.removeprefix("s")
    )
    owner = version.owner
    return _StoredVersion(
        source_id=int(part.source[1:]) if part.source else 0,
        answer_id=version.revision,
        revision=version.revision,
        state=version.state,
        value=canonical_json(value) if value is not None else None,
        owner=(f"{NAMES_OF_PEOPLE_START}{owner.person}" if owner.person else owner.name) if owner else None,
        due_on=version.due_on,
        reason=version.reason,
        settled_stage=part.settled_stage,
        at=version.at,
    )


# ---------------------------------------------------------------- people and pointers


def _numbered(document: ProjectDocument, guide: Guide, people: Mapping[str, PersonRow]) -> ProjectDocument:
    """The document with `p1`, `p2` … for the keys of people, and the list of them."""
    found: dict[str, str] = {}

    def number(key: str) -> str:
        return key if key in NOT_PEOPLE else found.setdefault(key, f"p{len(found) + 1}")

    def number_known(key: str) -> str:
        return number(key) if key in people else key

    for _, key in people_in(document):
        number(key)
    answers = [
        part.model_copy(
            update={"versions": [_with_value(part, each, guide, number_known) for each in part.versions]}
        )
        for part in document.answers
    ]
    releases = [with_people_in_values(part, guide, number_known) for part in document.releases]
    document = with_people(document.model_copy(update={"answers": answers, "releases": releases}), number)
    return document.model_copy(
        update={"people": [_person(name, people.get(key)) for key, name in found.items()]}
    )


def _with_value(answer: AnswerPart, version: VersionPart, guide: Guide, person: Rename) -> VersionPart:
    value = repointed(guide, answer.field, version.value, person=person, source=str)
    return version.model_copy(update={"value": value})


def _frozen_with(answer: FrozenAnswerPart, guide: Guide, person: Rename) -> FrozenAnswerPart:
    value = repointed(guide, answer.field, answer.value, person=person, source=str)
    return answer.model_copy(update={"value": value})


def with_people_in_values(release: ReleasePart, guide: Guide, person: Rename) -> ReleasePart:
    """The same release, with the people in the values of its answers called otherwise."""
    return release.model_copy(
        update={"answers": [_frozen_with(each, guide, person) for each in release.answers]}
    )


def _person(name: str, row: PersonRow | None) -> PersonPart:
    if row is None:
        return PersonPart(id=name, name="", email=None, erased=False)
    return PersonPart(id=name, name=row.name, email=row.email, erased=row.erased_at is not None)


def repointed(guide: Guide, field_id: str, value: _Value, *, person: Rename, source: Rename) -> _Value:
    """A stored value whose people and data sources are called otherwise; as it is where its question is not known."""
    spec = guide.fields.get(field_id)
    if spec is None or value is None:
        return value
    if spec.kind == "single":
        return _repoint(spec.columns[0], value, person, source)
    records = value if spec.kind == "rows" else [value]
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        return value
    changed = [_record(spec.columns, record, person, source) for record in records]
    return changed if spec.kind == "rows" else changed[0]


def _record(
    parts: Iterable[PartSpec], record: dict[str, _Value], person: Rename, source: Rename
) -> dict[str, _Value]:
    moved = {part.id: _repoint(part, record[part.id], person, source) for part in parts if part.id in record}
    return {**record, **moved}


def _repoint(part: PartSpec, value: _Value, person: Rename, source: Rename) -> _Value:
    if part.type == "person" and isinstance(value, str) and value.startswith(NAMES_OF_PEOPLE_START):
        return f"{NAMES_OF_PEOPLE_START}{person(value[1:])}"
    if part.type == "reference" and isinstance(value, str):
        return _pointer(value, source)
    if part.type == "references" and isinstance(value, list):
        return sorted(_pointer(item, source) if isinstance(item, str) else item for item in value)
    return value


def _pointer(text: str, source: Rename) -> str:
    kind, _, row = text.partition("/")
    return f"source/{source(row)}" if kind == "source" else text


# ---------------------------------------------------------------- rows -> parts


@dataclass(frozen=True)
class _Elsewhere:
    kind: str
    number: int
    content: dict[str, Any]


class _Reader:
    """The rows of one project as parts, with keys of people for their names."""

    def __init__(self, session: Session, project_id: int, guide: Guide) -> None:
        self.session, self.project_id, self.guide = session, project_id, guide
        session.flush()
        self.row = session.get_one(Project, project_id)
        self.people = {row.key: row for row in session.execute(select(PersonRow)).scalars()}
        self.apart = [
            _Elsewhere(row.kind, row.number, json.loads(row.content)) for row in self.rows(ElsewhereRecord)
        ]
        self._sources = {row.id: f"s{number}" for number, row in enumerate(self.rows(DataSource), 1)}
        self._answers = list(self.rows(Answer))
        self._versions = {row.id: row.revision for row in self._answers}
        self._reviews = self._numbers("review", self.rows(Review))
        self._signed = self._numbers("sign_off", self.rows(SignOff))
        self._documents = self._numbers("evidence", self.rows(Evidence))
        self._revisions = {row.id: row.number for row in self.rows(EvidenceRevision)}
        self._incidents = {row.id or 0: number for number, row in enumerate(self.rows(Incident), 1)}

    def rows(self, table: type[_Row]) -> list[_Row]:
        columns = table.__table__.c  # type: ignore[attr-defined]
        found = select(table).where(columns.project_id == self.project_id)
        return list(self.session.execute(found.order_by(*table.__table__.primary_key.columns)).scalars())  # type: ignore[attr-defined]

    def _numbers(self, kind: str, rows: Iterable[Any]) -> dict[int, int]:
        """The smallest numbers that nothing recorded elsewhere has, in the order of the rows."""
        taken = {each.number for each in self.apart if each.kind == kind}
        free = (number for number in range(1, 10**9) if number not in taken)
        return {row.id: number for row, number in zip(rows, free, strict=False)}

    def with_elsewhere(self, kind: str, ours: Iterable[AnyPart]) -> list[AnyPart]:
        part = LISTS[kind][1]
        theirs = [part.model_validate(each.content) for each in self.apart if each.kind == kind]
        return [*theirs, *ours]

    def _single(self, kind: str) -> dict[str, Any] | None:
        return next((each.content for each in self.apart if each.kind == kind), None)

    # ------------------------------------------------------------ names

    def _source(self, source_id: int) -> str | None:
        return self._sources.get(source_id) if source_id else None

    def _source_name(self, text: str) -> str:
        return self._sources.get(int(text), text) if text.isdecimal() else text

    def _key(self, key: str) -> str:
        """`X07@3` as `X07@s1`, `evidence@12` as `evidence@2`."""
        name, _, number = key.partition("@")
        if not number.isdecimal():
            return key
        known = self._documents if name == "evidence" else self._sources
        return f"{name}@{known.get(int(number), number)}"

    def _owner(self, text: str | None) -> Owner:
        key = (text or "").removeprefix(NAMES_OF_PEOPLE_START)
        return Owner(person=key, name="") if key in self.people else Owner(person=None, name=text or "")

    # ------------------------------------------------------------ parts

    def project(self) -> ProjectPart:
        row = self.row
        came = self._single(CAME_AS) or {}
        said = _columns(
            row,
            ProjectPart,
            key=came.get("key", row.key),
            origin=came.get("origin", row.origin),
            merged_into=self._key_of(row.merged_into) or came.get("merged_into"),
        )
        return ProjectPart(**said)

    def _key_of(self, project_id: int | None) -> str | None:
        return self.session.get_one(Project, project_id).key if project_id else None

    def register_entry(self) -> RegisterPart | None:
        if came := self._single(REGISTER):
            return RegisterPart.model_validate({"others": None, **came})
        row = self.session.get(RegisterEntry, self.project_id)
        if row is None:
            return None
        facts = _pairs(row.facts)
        others = _pairs(row.others) if row.others is not None else None
        return RegisterPart(**_columns(row, RegisterPart, facts=facts, others=others))

    def sources(self) -> list[SourcePart]:
        return [
            SourcePart(**_columns(row, SourcePart, id=self._sources[row.id])) for row in self.rows(DataSource)
        ]

    def answers(self) -> Iterator[AnswerPart]:
        current = {(row.source_id, row.field_id): row for row in self.rows(CurrentAnswer)}
        versions: dict[tuple[int, str], list[VersionPart]] = {}
        for row in sorted(self._answers, key=lambda row: row.revision):
            versions.setdefault((row.source_id, row.field_id), []).append(self._version(row))
        for source_id, field_id in sorted(versions, key=lambda place: (self._place(place[0]), place[1])):
            now = current.get((source_id, field_id))
            yield AnswerPart(
                field=field_id,
                source=self._source(source_id),
                settled_stage=now.settled_stage if now else None,  # type: ignore[arg-type]
                settled_at=now.settled_at if now else None,
                versions=versions[source_id, field_id],
            )

    def _place(self, source_id: int) -> int:
        return int(self._sources.get(source_id, "s0")[1:])

    def _version(self, row: Answer) -> VersionPart:
        value = json.loads(row.value) if row.value is not None else None
        return VersionPart(
            **_columns(
                row,
                VersionPart,
                value=self._in_document(row.field_id, value),
                owner=self._owner(row.owner) if row.owner is not None else None,
                by=row.by_key,
                restored_from=self._versions.get(row.restored_from or 0),
            )
        )

    def _in_document(self, field_id: str, value: _Value) -> _Value:
        return repointed(self.guide, field_id, value, person=str, source=self._source_name)

    def threads(self) -> Iterator[ThreadPart]:
        messages: dict[int, list[MessagePart]] = {}
        for said in self.rows(ThreadMessage):
            messages.setdefault(said.thread_id, []).append(
                MessagePart(text=said.text, at=said.at, by=said.by_key)
            )
        for row in self.rows(Thread):
            yield ThreadPart(
                **_columns(
                    row,
                    ThreadPart,
                    field=row.field_id,
                    source=self._source(row.source_id),
                    answer_revision=self._versions.get(row.answer_id or 0),
                    messages=messages.get(row.id or 0, []),
                )
            )

    def target_dates(self) -> list[TargetDatePart]:
        rows = sorted(self.rows(TargetDate), key=lambda row: Gate(row.gate).order)
        return [TargetDatePart(**_columns(row, TargetDatePart)) for row in rows]

    def review(self, row: Review) -> ReviewPart:
        said = _columns(row, ReviewPart, id=self._reviews[row.id or 0], person=row.person_key)
        return ReviewPart(**said)

    def sign_off(self, row: SignOff) -> SignOffPart:
        covered = [
            CoveredPart(key=self._key(key), version=self._version_seen(key, seen), content=content)
            for key, (seen, content) in json.loads(row.covered).items()
        ]
        said = _columns(
            row,
            SignOffPart,
            id=self._signed[row.id or 0],
            review=self._reviews[row.review_id],
            person=row.person_key,
            covered=sorted(covered, key=lambda part: part.key),
            fields=[self._key(key) for key in json.loads(row.fields)],
            affirms=self._signed.get(row.affirms or 0),
            withdraws=self._signed.get(row.withdraws or 0),
            stated=row.stated or None,
            verified=row.verified or None,
        )
        return SignOffPart(**said)

    def _version_seen(self, key: str, seen: int) -> int | None:
        known = self._revisions if key.startswith("evidence@") else self._versions
        return known.get(seen)

    def change_answer(self, row: ChangeAnswer) -> ChangeAnswerPart:
        return ChangeAnswerPart(
            sign_off=self._signed[row.sign_off_id],
            key=self._key(row.key),
            text=row.text,
            at=row.at,
            by=row.by_key,
        )

    def invalidation(self, row: Invalidation) -> InvalidationPart:
        kind, _, number = row.cause.partition(":")
        known = self._incidents.get(int(number)) if kind == "incident" and number.isdecimal() else None
        said = _columns(
            row,
            InvalidationPart,
            sign_off=self._signed[row.sign_off_id],
            cause=f"incident:{known}" if known else row.cause,
        )
        return InvalidationPart(**said)

    def condition(self, row: Condition) -> ConditionPart:
        elsewhere = {each.number: each.content["sign_off"] for each in self.apart if each.kind == CONDITION}
        signed = elsewhere.get(row.id or 0, self._signed.get(row.sign_off_id or 0))
        return ConditionPart(**_columns(row, ConditionPart, sign_off=signed, owner=self._owner(row.owner)))

    def waiver(self, row: Waiver) -> WaiverPart:
        said = _columns(
            row, WaiverPart, check=row.check_id, approver=self._owner(row.approver), by=row.by_key
        )
        return WaiverPart(**said)

    def tier_choice(self, row: TierChoice) -> TierChoicePart:
        return TierChoicePart(
            **_columns(row, TierChoicePart, approver=self._owner(row.approver), by=row.by_key)
        )

    def evidence(self) -> list[EvidencePart]:
        revisions: dict[int, list[RevisionPart]] = {}
        for row in sorted(self.rows(EvidenceRevision), key=lambda row: row.number):
            part = RevisionPart(**_columns(row, RevisionPart, by=row.by_key))
            revisions.setdefault(row.evidence_id, []).append(part)
        ours = (self._document(row, revisions) for row in self.rows(Evidence) if row.id in revisions)
        return sorted(self.with_elsewhere("evidence", ours), key=lambda part: part.id)

    def _document(self, row: Evidence, revisions: Mapping[int, list[RevisionPart]]) -> EvidencePart:
        said = _columns(
            row,
            EvidencePart,
            id=self._documents[row.id or 0],
            field=row.field_id,
            source=self._source(row.source_id),
            revisions=revisions[row.id or 0],
        )
        return EvidencePart(**said)

    # ------------------------------------------------------------ shared, released, watched

    def shared_source(self, row: SharedSource) -> SharedSourcePart:
        there = self.session.get_one(Project, row.origin_project_id)
        source = self.session.get_one(DataSource, row.origin_source_id)
        return SharedSourcePart(
            source=self._sources[row.source_id],
            project=there.key,
            project_name=there.name,
            source_key=source.key,
            seen=json.loads(row.seen),
            at=row.at,
            by=row.by_key,
        )

    def releases(self) -> list[ReleasePart]:
        rows = self.rows(Release)
        steps: dict[int, list[ReleaseStepPart]] = {row.id or 0: [] for row in rows}
        numbers = {row.id: row.number for row in rows}
        for step in self.rows(ReleaseStep):
            said = _columns(step, ReleaseStepPart, back_to=numbers.get(step.back_to), by=step.by_key)
            steps[step.release_id].append(ReleaseStepPart(**said))
        return self.with_elsewhere("release", (self._release(row, steps[row.id or 0]) for row in rows))

    def _release(self, row: Release, steps: list[ReleaseStepPart]) -> ReleasePart:
        frozen: dict[str, Any] = json.loads(row.content)
        go = frozen["approved"]["go"]
        answers = [self._frozen_answer(key, said) for key, said in frozen["answers"].items()]
        signed = [
            FrozenSignOffPart(gate=gate, role=role, person=person, sign_off=self._signed[made])
            for place, made in frozen["sign_offs"].items()
            for gate, role, person in [place.split("/")]
        ]
        sources = [
            FrozenSourcePart(source=self._sources[int(number)], name=name)
            for number, name in frozen["sources"].items()
        ]
        documents = [
            FrozenDocumentPart(
                evidence=self._documents[int(number)], title=title, revision=revision, content=content
            )
            for number, (title, revision, content) in frozen["documents"].items()
        ]
        said = _columns(
            row,
            ReleasePart,
            tier=frozen["tier"],
            answers=sorted(answers, key=lambda part: (_number_of(part.source), part.field)),
            sources=sorted(sources, key=lambda part: _number_of(part.source)),
            sign_offs=sorted(signed, key=lambda part: part.sign_off),
            tests=frozen["tests"],
            documents=sorted(documents, key=lambda part: part.evidence),
            go=GoPart.model_validate(go) if go else None,
            launch_sign_offs=[self._signed[made] for made in frozen["approved"]["launch"]],
            by=row.by_key,
            steps=steps,
        )
        return ReleasePart(**said)

    def _frozen_answer(self, key: str, said: dict[str, Any]) -> FrozenAnswerPart:
        field, _, source = key.partition("@")
        return FrozenAnswerPart(
            field=field,
            source=self._source(int(source or 0)),
            value=self._in_document(field, said["value"]),
            owner=self._owner(said["owner"]) if said["owner"] is not None else None,
            **{name: said[name] for name in ("revision", "digest", "state", "due_on", "reason", "at")},
        )

    def incidents(self) -> Iterator[IncidentPart]:
        notes: dict[int, list[NotePart]] = {}
        for said in self.rows(IncidentNote):
            notes.setdefault(said.incident_id, []).append(
                NotePart(text=said.text, at=said.at, by=said.by_key)
            )
        keys = {row.id: row.key for row in self.rows(Monitor)}
        came = self._came(INCIDENT)
        for row in self.rows(Incident):
            was = came.get(row.id or 0)
            unchanged = {}
            if was and was["revision"] == row.revision:
                unchanged = {name: was[name] for name in ("state", "signed_at", "signed_by")}
            yield IncidentPart(
                **_columns(
                    row,
                    IncidentPart,
                    id=self._incidents[row.id or 0],
                    monitor=keys.get(row.monitor_id),
                    notes=notes.get(row.id or 0, []),
                    **unchanged,
                )
            )

    def _came(self, kind: str) -> dict[int, dict[str, Any]]:
        return {each.number: each.content for each in self.apart if each.kind == kind}

    def monitors(self) -> Iterator[MonitorPart]:
        came = self._came(MONITOR)
        corrections = _by_monitor(self.rows(ReadingCorrection))
        firings = _by_monitor(self.rows(Firing))
        batches = _by_monitor(self.rows(ReadingBatch))
        for row in self.rows(Monitor):
            number = row.id or 0
            lines = readings_by_batch(self.session, number)
            corrected, fired = corrections.get(number, []), firings.get(number, [])
            keys = self._reading_keys(
                [each.reading_id for each in corrected] + [each.reading_id for each in fired]
            )
            was = came.get(number)
            # A paused one is as it came until somebody touches it or a reading arrives.
            is_as_it_came = was and (was["revision"], was["heard_at"]) == (
                row.revision,
                moment_text(row.heard_at),
            )
            yield MonitorPart(
                **_columns(
                    row,
                    MonitorPart,
                    owner=self._owner(row.owner),
                    reads=json.loads(row.reads),
                    state=was["state"] if was and is_as_it_came else row.state,
                    batches=[_batch(each, lines.get(each.id or 0, [])) for each in batches.get(number, [])],
                    corrections=[
                        CorrectionPart(
                            **_columns(each, CorrectionPart, reading=keys[each.reading_id], by=each.by_key)
                        )
                        for each in corrected
                    ],
                    firings=list(self._firings(fired, keys)),
                )
            )

    def _firings(self, rows: list[Firing], keys: Mapping[int, str]) -> Iterator[FiringPart]:
        places = {row.id: place for place, row in enumerate(rows, 1)}
        for row in rows:
            yield FiringPart(
                **_columns(
                    row,
                    FiringPart,
                    incident=self._incidents[row.incident_id],
                    reading=keys.get(row.reading_id or 0),
                    replaces=places.get(row.replaces),
                )
            )

    def _reading_keys(self, reading_ids: Iterable[int | None]) -> dict[int, str]:
        found: dict[int, str] = {}
        wanted = sorted({each for each in reading_ids if each})
        for start in range(0, len(wanted), 500):
            some = col(Reading.id).in_(wanted[start : start + 500])
            rows = self.session.execute(select(col(Reading.id), col(Reading.key)).where(some))
            found |= {number or 0: key for number, key in rows}
        return found

    def standing(self) -> StandingPart | None:
        """That of the document it came as, until something is done to it here."""
        came = self._single(STANDING)
        if self.row.origin == "document" and not chain_stamp(self.session, project_chain(self.project_id)):
            return StandingPart.model_validate(came) if came else None
        row = self.session.get(ProjectStanding, self.project_id)
        if row is None:
            return None
        gates = sorted(self.rows(Standing), key=lambda each: Gate(each.gate).order)
        parts = [GateStandingPart(**_columns(each, GateStandingPart)) for each in gates]
        return StandingPart(**_columns(row, StandingPart, gates=parts))


def _columns(row: Any, part: type[Any], **said: Any) -> dict[str, Any]:
    """The columns that are called as the part's fields are, and what is said besides."""
    return {name: said[name] if name in said else getattr(row, name) for name in part.model_fields}


_Watched = TypeVar("_Watched", Firing, ReadingBatch, ReadingCorrection)


def _by_monitor(rows: Iterable[_Watched]) -> dict[int, list[_Watched]]:
    found: dict[int, list[_Watched]] = {}
    for row in rows:
        found.setdefault(row.monitor_id, []).append(row)
    return found


def _batch(row: ReadingBatch, readings: list[Any]) -> BatchPart:
    problems = _pairs(row.problems)
    return BatchPart(**_columns(row, BatchPart, problems=problems, by=row.by_key, readings=readings))


def _pairs(stored: str) -> list[tuple[str, ...]]:
    return [tuple(map(str, pair)) for pair in json.loads(stored)]


def _number_of(source: str | None) -> int:
    return int(source[1:]) if source else 0


def _retirement(row: Retirement) -> RetirementPart:
    return RetirementPart(**_columns(row, RetirementPart, told=json.loads(row.told), by=row.by_key))


def _member(row: Membership) -> MemberPart:
    return MemberPart(**_columns(row, MemberPart, person=row.person_key))


def _reason(row: WarningReason) -> WarningReasonPart:
    return WarningReasonPart(**_columns(row, WarningReasonPart, check=row.check_id, by=row.by_key))


def _gate_decision(row: GateDecision) -> GateDecisionPart:
    return GateDecisionPart(**_columns(row, GateDecisionPart, by=row.by_key))


def _delegation(row: Delegation) -> DelegationPart:
    said = _columns(row, DelegationPart, person=row.from_key, stands_in=row.to_key, by=row.by_key)
    return DelegationPart(**said)
