"""The whole-project document as types: what its JSON Schema is made from. Part numbers hold within one document.

People are named by `p1`, data sources by `s1`; reviews, decisions and documents by their number. `Who` marks the
places that name a person, so that one walk over a document can put other names there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    WithJsonSchema,
)

from lifecycle.canonical import moment_text
from lifecycle.rules.incidents import IncidentKind, IncidentSeverity, IncidentState
from lifecycle.rules.releases import Move
from lifecycle.rules.triggers import Direction, LimitKind, Missing
from lifecycle.vocabulary import (
    Act,
    AnswerState,
    Decision,
    Gate,
    Level,
    Meaning,
    Outcome,
    ProjectStatus,
    Role,
    Stage,
    Verification,
)

FORMAT = "lifecycle-project"
SCHEMA_VERSION: Final = 2
NOT_PEOPLE = ("command-line", "system")  # who can act without being a person
LARGEST_NUMBER = 2**31 - 1
_PERSON = "names a person"
_ALLOWED_CONTROLS = "\t\n\r"


def _storable(text: str) -> str:
    for letter in text:
        if (letter < " " and letter not in _ALLOWED_CONTROLS) or "\ud800" <= letter <= "\udfff":
            raise ValueError(f"holds a character that cannot be kept (U+{ord(letter):04X})")
    return text


def _in_reach(moment: datetime) -> datetime:
    if not 1900 <= moment.year <= 2200:
        raise ValueError("is not a moment between 1900 and 2200")
    return moment.astimezone(UTC)


def _of_a_series(moment: datetime) -> datetime:
    """Series may begin long ago, and the zone must not carry a moment out of the calendar."""
    if not 2 <= moment.year <= 9998:
        raise ValueError("is not a moment between the years 2 and 9998")
    return moment.astimezone(UTC)


Text = Annotated[str, AfterValidator(_storable)]
Line = Annotated[Text, Field(max_length=2_000)]
Long = Annotated[Text, Field(max_length=200_000)]
Name = Annotated[Text, Field(max_length=400)]
FieldId = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]
Key = Annotated[str, Field(pattern=r"^[^\s@]{1,60}(@[^\s@]{1,20})?$")]  # D14, X07@s1, evidence@2, source@s1
SourceId = Annotated[str, Field(pattern=r"^s[1-9][0-9]{0,5}$")]
Digest = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
Number = Annotated[int, Field(ge=1, le=LARGEST_NUMBER)]
Count = Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]
Tier = Annotated[int, Field(ge=1, le=4)]
At = Annotated[
    AwareDatetime,
    AfterValidator(_in_reach),
    PlainSerializer(moment_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
SeriesAt = Annotated[
    AwareDatetime,
    AfterValidator(_of_a_series),
    PlainSerializer(moment_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[int, Field(ge=1, le=LARGEST_NUMBER)]
Verdict = Literal["fine", "breach", "missing"]
Who = Annotated[str, Field(pattern=r"^\S{1,60}$"), _PERSON]


class Part(BaseModel):
    """Every part has all of its fields, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PersonPart(Part):
    """Somebody who did or is to do something. Without an address nobody here can be matched to them."""

    id: Annotated[str, Field(pattern=r"^p[1-9][0-9]{0,5}$")]
    name: Name
    email: Annotated[Text, Field(max_length=254)] | None
    erased: bool


class Owner(Part):
    """Who sees to something: a person of the document, or just a name."""

    person: Who | None
    name: Line


class ProjectPart(Part):
    key: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,48}$")]
    name: Annotated[Text, Field(min_length=1, max_length=400)]
    purpose: Long
    organisation: Name
    stage: Stage | None
    gate: Gate | None
    furthest_stage: Stage | None
    status: ProjectStatus
    origin: Literal["here", "register", "document"]
    adopted_at: At | None
    guide_version: Name
    stage_since: At
    created_at: At
    created_by: Who
    archived_at: At | None
    merged_into: (
        Annotated[str, Field(pattern=r"^[a-z0-9-]{1,48}$")] | None
    )  # which project it turned out to be
    revision: Number


class RegisterPart(Part):
    """What a register says about the project."""

    register_name: Name
    identity: Long
    external_id: Long | None
    row_number: Count
    content_digest: Line
    stage_word: Long
    risk: Long
    facts: list[tuple[Long, Long]]
    others: list[tuple[Long, Long]] | None  # its columns that mean nothing here; null: not kept then
    gone_at: At | None


class MemberPart(Part):
    person: Who
    role: Role
    since: At
    given_by: Who
    ended_at: At | None


class SourcePart(Part):
    id: SourceId
    key: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]
    name: Annotated[Text, Field(min_length=1, max_length=400)]
    position: Count
    created_at: At
    removed_at: At | None
    revision: Number


class VersionPart(Part):
    """One version of an answer. `state` null: it was cleared. `value` in the shape that its question has."""

    revision: Number
    state: AnswerState | None
    value: JsonValue
    owner: Owner | None
    due_on: date | None
    reason: Long | None
    at: At
    by: Who
    method: Line
    restored_from: Number | None  # the revision that was brought back


class AnswerPart(Part):
    """All versions of the answer to one question, oldest first: the last is the answer now."""

    field: FieldId
    source: SourceId | None
    settled_stage: Stage | None
    settled_at: At | None
    versions: Annotated[list[VersionPart], Field(min_length=1)]


class MessagePart(Part):
    text: Long
    at: At
    by: Who


class ThreadPart(Part):
    field: FieldId
    source: SourceId | None
    answer_revision: Number | None  # the version that was asked about
    opened_by: Who
    opened_at: At
    state: Literal["open", "resolved"]
    waits_for: Literal["asker", "team"]
    moved_at: At
    resolved_by: Who | None
    resolved_at: At | None
    messages: list[MessagePart]


class TargetDatePart(Part):
    gate: Gate
    on_date: date
    set_at: At
    set_by: Who


class ReviewPart(Part):
    id: Number
    gate: Gate
    role: Role
    act: Act
    person: Who
    requested_by: Who
    requested_at: At
    due_on: date | None
    message: Long
    state: Literal["open", "decided", "withdrawn"]
    closed_at: At | None
    revision: Number
    handed_over_by: Who | None


class CoveredPart(Part):
    """One answer, data source or document that a decision was bound to, with the version that was seen."""

    key: Key
    version: Number | None
    content: Digest


class SignOffPart(Part):
    """A signature record, word for word."""

    id: Number
    review: Number
    gate: Gate
    role: Role
    act: Act
    person: Who
    printed_name: Name
    on_behalf_of: Name
    decision: Decision
    meaning: Long
    statement: Long
    comment: Long
    at: At
    digest: Digest
    covered: list[CoveredPart]
    fields: list[Key]
    affirms: Number | None
    withdraws: Number | None
    stated: Meaning | None
    verified: Verification | None


class ChangeAnswerPart(Part):
    sign_off: Number
    key: Key
    text: Long
    at: At
    by: Who


class InvalidationPart(Part):
    sign_off: Number
    cause: Line
    detail: Long
    opened_at: At
    closed_at: At | None


class ConditionPart(Part):
    gate: Gate
    role: Role | None
    sign_off: Number | None
    text: Long
    owner: Owner
    due_on: date
    state: Literal["open", "met", "withdrawn"]
    created_at: At
    created_by: Who
    met_at: At | None
    met_by: Who | None
    proof: Long
    revision: Number


class WaiverPart(Part):
    check: Line
    gate: Gate
    approver: Owner
    mitigation: Long
    expires_on: date
    at: At
    by: Who
    revoked_at: At | None


class WarningReasonPart(Part):
    check: Line
    reason: Long
    inputs_digest: Digest
    at: At
    by: Who


class GateDecisionPart(Part):
    gate: Gate
    outcome: Outcome
    reason: Long
    to_stage: Stage | None
    tier: Tier | None
    at: At
    by: Who
    printed_name: Name
    digest: Digest


class TierChoicePart(Part):
    tier: Tier
    proposed: Tier
    reason: Long
    approver: Owner
    at: At
    by: Who


class DelegationPart(Part):
    """Who stood in for whom on this project alone."""

    person: Who
    stands_in: Who
    role: Role
    starts_on: date
    ends_on: date
    reason: Long
    at: At
    by: Who
    ended_at: At | None
    ended_by: Who | None


class RevisionPart(Part):
    """A file by its digest (SHA-256) and size: the file itself stays apart. A link is its address."""

    number: Number
    file_name: Line
    size: Annotated[int, Field(ge=0, le=2**53)]
    digest: Digest
    media_type: Line
    address: Long
    note: Long
    at: At
    by: Who


class EvidencePart(Part):
    id: Number
    title: Line
    kind: Literal["file", "link"]
    gate: Gate | None
    field: FieldId | None
    source: SourceId | None
    expires_on: date | None
    added_at: At
    added_by: Who
    removed_at: At | None
    removed_by: Who | None
    revisions: Annotated[list[RevisionPart], Field(min_length=1)]

    @property
    def is_link(self) -> bool:
        return self.kind == "link" and not any(revision.digest for revision in self.revisions)


class SharedSourcePart(Part):
    """Which project a data source's record was taken from. `seen`: question -> revision taken over or set aside."""

    source: SourceId
    project: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,48}$")]
    project_name: Name
    source_key: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]
    seen: dict[FieldId, Number]
    at: At
    by: Who


class FrozenAnswerPart(Part):
    """An answer as a release froze it."""

    field: FieldId
    source: SourceId | None
    revision: Number
    digest: Digest
    state: AnswerState
    value: JsonValue
    owner: Owner | None
    due_on: date | None
    reason: Long | None
    at: At


class FrozenSourcePart(Part):
    source: SourceId
    name: Name


class FrozenSignOffPart(Part):
    gate: Gate
    role: Role
    person: Who
    sign_off: Number


class FrozenDocumentPart(Part):
    evidence: Number
    title: Line
    revision: Number
    content: Line


class GoPart(Part):
    gate: Gate
    by: Who
    at: At


class ReleaseStepPart(Part):
    move: Move
    share: Annotated[int, Field(ge=0, le=100)] | None
    note: Long
    happened_at: SeriesAt
    began_at: SeriesAt | None
    back_to: Number | None  # the release that served again
    at: At
    by: Who


class ReleasePart(Part):
    """What went live, as it was frozen. `digest` is what the log there has; in it stand the row numbers of there."""

    number: Number
    model_version: Line
    summary: Long
    ready_at: SeriesAt | None
    tier: Tier | None
    answers: list[FrozenAnswerPart]
    sources: list[FrozenSourcePart]
    sign_offs: list[FrozenSignOffPart]
    tests: dict[Long, Long]
    documents: list[FrozenDocumentPart]
    go: GoPart | None
    launch_sign_offs: list[Number]
    digest: Digest
    at: At
    by: Who
    steps: list[ReleaseStepPart]


class RetirementPart(Part):
    """`told`: who heard of it, and on which day."""

    reason: Long
    told: list[tuple[Long, date | None]]
    downstream: Long
    records_until: date
    lessons: Long
    at: At
    by: Who


class NotePart(Part):
    text: Long
    at: At
    by: Who


class IncidentPart(Part):
    """Numbered from 1 in their order."""

    id: Number
    kind: IncidentKind
    monitor: Line | None  # the key of the monitor that opened it
    title: Line
    severity: IncidentSeverity
    state: IncidentState
    model_version: Line
    started_at: SeriesAt
    detected_at: SeriesAt
    opened_at: SeriesAt
    opened_by: Who
    assignee: Who | None
    acknowledged_at: At | None
    cause: Long
    fix: Long
    fixed_version: Line
    fixed_at: At | None
    fixed_by: Who | None
    restored_at: SeriesAt | None
    signed_at: At | None
    signed_by: Who | None
    lessons: Long
    closed_at: At | None
    closed_by: Who | None
    revision: Number
    notes: list[NotePart]


# Key, moment, value, the limit that held then, verdict. A hundred thousand of them are usual.
ReadingLine = tuple[
    Annotated[Text, Field(min_length=1, max_length=400)], SeriesAt, Finite | None, Finite | None, Verdict
]


class BatchPart(Part):
    """Readings that arrived together; `digest` is over them, in their order."""

    unchanged: Count
    missing: Count
    late: Count
    refused: Count
    problems: list[tuple[Long, Long]]
    digest: Digest
    method: Line
    at: At
    by: Who
    readings: list[ReadingLine]


class CorrectionPart(Part):
    """What the reading under this key should have said; the newest of several counts."""

    reading: Line
    value: Finite | None
    verdict: Verdict
    reason: Long
    at: At
    by: Who


class FiringPart(Part):
    kind: Literal["breach", "silence"]
    key: Line
    incident: Number
    at: SeriesAt
    since: SeriesAt
    fired_at: SeriesAt
    reading: Line | None
    value: Finite | None
    bound: Finite | None
    replaces: Number | None  # the place, from 1, of the firing here that it takes the place of
    ended_at: SeriesAt | None


class MonitorPart(Part):
    """What is watched, with all its readings."""

    key: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,48}$")]
    name: Line
    source: Long
    plan_row: Line | None
    direction: Direction
    limit_kind: LimitKind
    threshold: Finite | None
    consecutive: Number
    lasting_seconds: Seconds | None
    missing: Missing
    expected_seconds: Seconds | None
    severity: IncidentSeverity
    owner: Owner
    action: Long
    calls_retraining: bool
    reads: dict[str, JsonValue]
    baseline: Finite | None
    baseline_model_version: Line | None
    state: Literal["on", "paused", "retired"]
    evaluates_from: SeriesAt | None
    heard_at: SeriesAt
    created_at: At
    created_by: Who
    revision: Number
    batches: list[BatchPart]
    corrections: list[CorrectionPart]
    firings: list[FiringPart]


class GateStandingPart(Part):
    gate: Gate
    level: Level
    weakest: Line
    answers: Count
    checks: Count
    sign_offs: Count
    conditions: Count
    evidence: Count
    blockers: Count
    warnings: Count
    since: At


class StandingPart(Part):
    """How ready it was where it was last worked on. For information: an import computes its own. In per mille."""

    level: Level
    weakest: Line
    readiness: Count
    tier: Tier | None
    early_index: Count | None
    debt: Count
    open_questions: Count
    blockers: Count
    top_blocker: Long
    since: At
    gates: list[GateStandingPart]


class ProjectDocument(Part):
    """One project, whole: every answer with its history, every decision with its signature block, what went live and
    how it did. It holds no passwords, no files and no events."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, title="Whole-project document of Lifecycle, version 2"
    )

    format: Literal["lifecycle-project"]
    schema_version: Literal[2]
    project: ProjectPart
    people: list[PersonPart]
    register_entry: RegisterPart | None
    members: list[MemberPart]
    sources: list[SourcePart]
    answers: list[AnswerPart]
    threads: list[ThreadPart]
    target_dates: list[TargetDatePart]
    reviews: list[ReviewPart]
    sign_offs: list[SignOffPart]
    change_answers: list[ChangeAnswerPart]
    invalidations: list[InvalidationPart]
    conditions: list[ConditionPart]
    waivers: list[WaiverPart]
    warning_reasons: list[WarningReasonPart]
    gate_decisions: list[GateDecisionPart]
    tier_choices: list[TierChoicePart]
    delegations: list[DelegationPart]
    evidence: list[EvidencePart]
    shared_sources: list[SharedSourcePart]
    releases: list[ReleasePart]
    retirements: list[RetirementPart]
    incidents: list[IncidentPart]
    monitors: list[MonitorPart]
    standing: StandingPart | None


AnyPart = TypeVar("AnyPart", bound=Part)
Rename = Callable[[str], str]


def with_people(part: AnyPart, rename: Rename) -> AnyPart:
    """The same part with every person in it called otherwise. Values of answers are the caller's."""
    changed: dict[str, Any] = {}
    for name, info in type(part).model_fields.items():
        value = getattr(part, name)
        if _PERSON in info.metadata or _names_a_person(info.annotation):
            changed[name] = rename(value) if value is not None else None
        elif isinstance(value, Part):
            changed[name] = with_people(value, rename)
        elif isinstance(value, list) and value and isinstance(value[0], Part):
            changed[name] = [with_people(item, rename) for item in value]
    return part.model_copy(update=changed) if changed else part


def _names_a_person(annotation: Any) -> bool:
    """`Who | None` keeps its mark inside the union."""
    return any(_PERSON in getattr(inner, "__metadata__", ()) for inner in getattr(annotation, "__args__", ()))


def people_in(part: Part, place: str = "") -> Iterator[tuple[str, str]]:
    """Every place that names a person, as a JSON path, with the name there; in the order of the document."""
    for name, info in type(part).model_fields.items():
        value, path = getattr(part, name), f"{place}.{name}" if place else name
        if value is None:
            continue
        if _PERSON in info.metadata or _names_a_person(info.annotation):
            yield path, value
        elif isinstance(value, Part):
            yield from people_in(value, path)
        elif isinstance(value, list) and value and isinstance(value[0], Part):
            for index, item in enumerate(value):
                yield from people_in(item, f"{path}[{index}]")
