"""All tables. Words of a closed list are stored as short text; JSON is canonical text, never JSONB.

Append-only tables (`APPEND_ONLY`) are guarded by database triggers: no UPDATE, DELETE, REPLACE or TRUNCATE.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Column, Index, Text, UniqueConstraint
from sqlmodel import Field

from lifecycle.store.base import Moment, Row


def _text(*, nullable: bool = False, default: str | None = None) -> Column[str]:
    return Column(Text, nullable=nullable, default=default)


def _moment(*, nullable: bool = False, index: bool = False) -> Column[datetime]:
    return Column(Moment, nullable=nullable, index=index)


# ------------------------------------------------------------------ organisation and people


class Organisation(Row, table=True):
    """One row: the organisation that runs this installation. `settings` is a JSON object."""

    __tablename__ = "organisation"
    id: int = Field(default=1, primary_key=True)
    name: str
    time_zone: str = "UTC"
    created_at: datetime = Field(sa_column=_moment())
    settings: str = Field(default="{}", sa_column=_text(default="{}"))


class PersonRow(Row, table=True):
    """A person. `key` is the pseudonym that the log keeps when name and address are erased."""

    __tablename__ = "person"
    key: str = Field(primary_key=True)
    email: str | None = Field(default=None, unique=True)
    name: str
    password_hash: str | None = None
    organisation_role: str
    approval_level: int = 0
    active: bool = True
    created_at: datetime = Field(sa_column=_moment())
    erased_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    language: str | None = None  # the code of the one chosen; None: that of the browser


class EligibleReviewer(Row, table=True):
    """The administrator's list: who may be asked for which reviewing role."""

    __tablename__ = "eligible_reviewer"
    person_key: str = Field(primary_key=True, foreign_key="person.key")
    role: str = Field(primary_key=True)
    granted_by: str
    granted_at: datetime = Field(sa_column=_moment())


class Invitation(Row, table=True):
    """A link that makes an account or sets a password; only the hash of its token is kept."""

    __tablename__ = "invitation"
    token_hash: str = Field(primary_key=True)
    purpose: str = "join"  # join or reset
    email: str | None = None
    name: str = ""
    person_key: str | None = Field(default=None, foreign_key="person.key")
    organisation_role: str = "member"
    project_id: int | None = Field(default=None, foreign_key="project.id")
    project_role: str | None = None
    created_by: str
    created_at: datetime = Field(sa_column=_moment())
    expires_at: datetime = Field(sa_column=_moment())
    used_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class WebSession(Row, table=True):
    """A signed-in browser; only the hash of its cookie is kept."""

    __tablename__ = "web_session"
    token_hash: str = Field(primary_key=True)
    person_key: str = Field(foreign_key="person.key", index=True)
    created_at: datetime = Field(sa_column=_moment())
    last_seen_at: datetime = Field(sa_column=_moment())
    expires_at: datetime = Field(sa_column=_moment())
    revoked_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    user_agent: str = ""
    issuer: str | None = Field(
        default=None, sa_column=_text(nullable=True)
    )  # who vouched instead of a password


class SignInIdentity(Row, table=True):
    """By which subject an identity provider knows a person."""

    __tablename__ = "sign_in_identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)
    id: int | None = Field(default=None, primary_key=True)
    issuer: str = Field(sa_column=_text())
    subject: str = Field(sa_column=_text())
    person_key: str = Field(foreign_key="person.key", index=True)
    created_at: datetime = Field(sa_column=_moment())


class FreshSignIn(Row, table=True):
    """One fresh sign-in with the provider in order to sign one review: begun, confirmed, used once."""

    __tablename__ = "fresh_sign_in"
    state_hash: str = Field(primary_key=True)
    person_key: str = Field(foreign_key="person.key", index=True)
    session_hash: str
    review_id: int
    begun_at: datetime = Field(sa_column=_moment())
    confirmed_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    used_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class ApiToken(Row, table=True):
    """With which a program acts for a person; only the hash is kept, and its first characters to tell it by."""

    __tablename__ = "api_token"
    id: int | None = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True)
    hint: str
    person_key: str = Field(foreign_key="person.key", index=True)
    name: str
    scopes: str = Field(sa_column=_text())
    only_project_id: int | None = Field(default=None, foreign_key="project.id")
    created_by: str
    created_at: datetime = Field(sa_column=_moment())
    expires_at: datetime = Field(sa_column=_moment())
    last_used_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    revoked_by: str | None = None


class SignInAttempt(Row, table=True):
    """One failed sign-in, for throttling by account and by address."""

    __tablename__ = "sign_in_attempt"
    id: int | None = Field(default=None, primary_key=True)
    subject: str = Field(index=True)  # "account:…" or "address:…", hashed
    at: datetime = Field(sa_column=_moment(index=True))


class SetUpCode(Row, table=True):
    """The code printed at the first start; gone once the first administrator exists."""

    __tablename__ = "set_up_code"
    id: int = Field(default=1, primary_key=True)
    code_hash: str
    created_at: datetime = Field(sa_column=_moment())


# ------------------------------------------------------------------ projects


class Project(Row, table=True):
    """One ML product. Archived, never deleted. `stage` is null for an unmapped register row."""

    __tablename__ = "project"
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=48)
    name: str
    purpose: str = Field(default="", sa_column=_text(default=""))
    organisation: str = Field(default="", index=True)  # the unit that owns it, as people write it
    stage: str | None = Field(default=None, index=True)
    gate: str | None = None  # the gate it works towards: in Production launch, then operate
    furthest_stage: str | None = None
    status: str = Field(default="active", index=True)
    origin: str = Field(default="here", index=True)  # here, register or document
    adopted_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    guide_version: str = "1"
    stage_since: datetime = Field(sa_column=_moment())
    created_at: datetime = Field(sa_column=_moment())
    created_by: str
    archived_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    revision: int = 1
    merged_into: int | None = None  # from a register: the project of ours that it turned out to be


class GuideEdition(Row, table=True):
    """The newest content of each version of the guide, for the projects that began with it."""

    __tablename__ = "guide_edition"
    version: str = Field(primary_key=True)
    digest: str
    content: str = Field(sa_column=_text())  # JSON of the whole guide, in its order
    kept_at: datetime = Field(sa_column=_moment())


class OwnGuideRow(Row, table=True):
    """One row: what the organisation adds to the guide on screen. `number` stands in the version of the guide."""

    __tablename__ = "own_guide"
    id: int = Field(default=1, primary_key=True)
    number: int
    revision: int
    content: str = Field(sa_column=_text())  # JSON as in the file, without its version
    saved_at: datetime = Field(sa_column=_moment())
    saved_by: str


class Membership(Row, table=True):
    """A person's role on a project while `ended_at` is null."""

    __tablename__ = "membership"
    __table_args__ = (Index("ix_membership_person", "person_key", "ended_at"),)
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    person_key: str = Field(foreign_key="person.key")
    role: str
    since: datetime = Field(sa_column=_moment())
    given_by: str
    ended_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class SharedSource(Row, table=True):
    """Where the record of a data source was taken from, and up to which revision of each answer there.

    The record itself is the project's own: what its sign-offs rest on changes only when somebody takes more over.
    """

    __tablename__ = "shared_source"
    source_id: int = Field(primary_key=True, foreign_key="data_source.id")
    project_id: int = Field(foreign_key="project.id", index=True)
    origin_project_id: int = Field(foreign_key="project.id")
    origin_source_id: int = Field(foreign_key="data_source.id", index=True)
    seen: str = Field(sa_column=_text())  # JSON: question -> revision there that was taken over or set aside
    at: datetime = Field(sa_column=_moment())
    by_key: str


class DataSource(Row, table=True):
    """One input of a project; its X answers are in `answer` with this row's id as source_id."""

    __tablename__ = "data_source"
    __table_args__ = (UniqueConstraint("project_id", "key"),)
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    key: str
    name: str
    position: int = 0
    created_at: datetime = Field(sa_column=_moment())
    removed_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    revision: int = 1


class Answer(Row, table=True):
    """Append-only history of every answer. `source_id` 0: the stage worksheet. `value` is canonical JSON."""

    __tablename__ = "answer"
    __table_args__ = (UniqueConstraint("project_id", "source_id", "field_id", "revision"),)
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    source_id: int = 0
    field_id: str
    revision: int
    state: str | None = None  # null: the answer was cleared
    value: str | None = Field(default=None, sa_column=_text(nullable=True))
    owner: str | None = None  # don't know yet: who finds out (person key or name)
    due_on: date | None = None
    reason: str | None = Field(default=None, sa_column=_text(nullable=True))
    at: datetime = Field(sa_column=_moment())
    by_key: str
    method: str = "web"  # web, command_line, api, import, demo
    restored_from: int | None = None


class CurrentAnswer(Row, table=True):
    """The newest row of `answer` per field, written together with it."""

    __tablename__ = "current_answer"
    project_id: int = Field(primary_key=True, foreign_key="project.id")
    source_id: int = Field(default=0, primary_key=True)
    field_id: str = Field(primary_key=True)
    answer_id: int = Field(foreign_key="answer.id")
    revision: int
    state: str | None = None
    value: str | None = Field(default=None, sa_column=_text(nullable=True))
    owner: str | None = None
    due_on: date | None = None
    reason: str | None = Field(default=None, sa_column=_text(nullable=True))
    at: datetime = Field(sa_column=_moment())
    by_key: str
    settled_stage: str | None = None  # furthest stage reached when first answered or not applicable
    settled_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class TargetDate(Row, table=True):
    """The planned date of a gate, newest version only; earlier ones are in the log."""

    __tablename__ = "target_date"
    project_id: int = Field(primary_key=True, foreign_key="project.id")
    gate: str = Field(primary_key=True)
    on_date: date
    set_at: datetime = Field(sa_column=_moment())
    set_by: str


# ------------------------------------------------------------------ reviews, sign-offs, gates


class Review(Row, table=True):
    """A request to one person in one role at one gate. State: open, decided, withdrawn."""

    __tablename__ = "review"
    __table_args__ = (Index("ix_review_person_state", "person_key", "state"),)
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    gate: str
    role: str
    act: str
    person_key: str = Field(foreign_key="person.key")
    requested_by: str
    requested_at: datetime = Field(sa_column=_moment())
    due_on: date | None = None
    message: str = Field(default="", sa_column=_text(default=""))
    state: str = "open"
    closed_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    revision: int = 1
    handed_over_by: str | None = None  # who was asked first and passed this one request on


class Delegation(Row, table=True):
    """`to_key` stands in for `from_key` in one role, first and last day included, unless ended before.

    On one project, or on all of them where `project_id` is null.
    """

    __tablename__ = "delegation"
    id: int | None = Field(default=None, primary_key=True)
    from_key: str = Field(foreign_key="person.key", index=True)
    to_key: str = Field(foreign_key="person.key", index=True)
    role: str
    project_id: int | None = Field(default=None, foreign_key="project.id")
    starts_on: date
    ends_on: date
    reason: str = Field(default="", sa_column=_text(default=""))
    at: datetime = Field(sa_column=_moment())
    by_key: str
    ended_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    ended_by: str | None = None


class SignOff(Row, table=True):
    """Append-only. One person's decision on a review, bound by `digest` to what it covered.

    `covered` maps each relied-on key (`D14`, `X07@3`, `source@3`, `evidence@12`) to [id of the answer or revision,
    digest of the content].
    """

    __tablename__ = "sign_off"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    review_id: int = Field(foreign_key="review.id", index=True)
    gate: str
    role: str
    act: str
    person_key: str
    printed_name: str
    on_behalf_of: str = ""
    decision: str
    meaning: str
    statement: str = Field(sa_column=_text())
    comment: str = Field(default="", sa_column=_text(default=""))
    at: datetime = Field(sa_column=_moment())
    digest: str
    covered: str = Field(sa_column=_text())
    fields: str = Field(default="[]", sa_column=_text(default="[]"))  # changes requested on these
    affirms: int | None = None  # the earlier sign-off that this one affirms again
    withdraws: int | None = None  # the earlier sign-off that this row takes back
    stated: str | None = None  # the kind of meaning; null: signed before it was kept
    verified: str | None = None  # how the signer was known: session or password; null: before it was kept


class ChangeAnswer(Row, table=True):
    """Append-only. What the team said to a requested change instead of changing the answer under `key`."""

    __tablename__ = "change_answer"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    sign_off_id: int = Field(foreign_key="sign_off.id", index=True)
    key: str  # as in SignOff.covered
    text: str = Field(sa_column=_text())
    at: datetime = Field(sa_column=_moment())
    by_key: str


class Invalidation(Row, table=True):
    """Why a sign-off is stale other than by content: a trigger, a changed file, a lapsed date."""

    __tablename__ = "invalidation"
    id: int | None = Field(default=None, primary_key=True)
    sign_off_id: int = Field(foreign_key="sign_off.id", index=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    cause: str
    detail: str = Field(default="", sa_column=_text(default=""))
    opened_at: datetime = Field(sa_column=_moment())
    closed_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class Condition(Row, table=True):
    """Something that a decision asks for, with owner and due date. State: open, met, withdrawn."""

    __tablename__ = "condition"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    gate: str
    role: str | None = None
    sign_off_id: int | None = Field(default=None, foreign_key="sign_off.id")
    text: str = Field(sa_column=_text())
    owner: str  # person key or a name
    due_on: date
    state: str = "open"
    created_at: datetime = Field(sa_column=_moment())
    created_by: str
    met_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    met_by: str | None = None
    proof: str = Field(default="", sa_column=_text(default=""))
    revision: int = 1


class Waiver(Row, table=True):
    """A failed block that a named approver accepts for a time. Lapses on `expires_on` or when revoked."""

    __tablename__ = "waiver"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    check_id: str
    gate: str
    approver: str
    mitigation: str = Field(sa_column=_text())
    expires_on: date
    at: datetime = Field(sa_column=_moment())
    by_key: str
    revoked_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class WarningReason(Row, table=True):
    """The product manager's reason for going on despite a warning; lapses when an input changes."""

    __tablename__ = "warning_reason"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    check_id: str
    reason: str = Field(sa_column=_text())
    inputs_digest: str
    at: datetime = Field(sa_column=_moment())
    by_key: str


class GateDecision(Row, table=True):
    """Append-only. The recorded outcome of a gate."""

    __tablename__ = "gate_decision"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    gate: str
    outcome: str
    reason: str = Field(default="", sa_column=_text(default=""))
    to_stage: str | None = None  # recycle: where the project goes back to
    tier: int | None = None
    at: datetime = Field(sa_column=_moment())
    by_key: str
    printed_name: str
    digest: str = ""  # over all sign-offs that it rests on


class TierChoice(Row, table=True):
    """Append-only. A tier other than the points propose, with its reason and approver."""

    __tablename__ = "tier_choice"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    tier: int
    proposed: int
    reason: str = Field(sa_column=_text())
    approver: str
    at: datetime = Field(sa_column=_moment())
    by_key: str


class EvidenceLink(Row, table=True):
    """What the first release kept of a document. 0004 carried every row over to `evidence`; nothing reads it now."""

    __tablename__ = "evidence_link"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    gate: str | None = None
    field_id: str | None = None
    title: str
    url: str = Field(sa_column=_text())
    expires_on: date | None = None
    added_at: datetime = Field(sa_column=_moment())
    added_by: str
    removed_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class Evidence(Row, table=True):
    """A document that a question or a gate rests on: a file or a link. What it says is in its revisions."""

    __tablename__ = "evidence"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    title: str
    kind: str  # file or link
    gate: str | None = None
    field_id: str | None = None
    source_id: int = 0  # the data source it is about; 0: none
    expires_on: date | None = None
    added_at: datetime = Field(sa_column=_moment())
    added_by: str
    removed_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    removed_by: str | None = None


class EvidenceRevision(Row, table=True):
    """Append-only. One content of a document, numbered from 1; the newest is the current one.

    A file is kept under its `digest` (SHA-256); a link is its `address` and is never fetched.
    """

    __tablename__ = "evidence_revision"
    __table_args__ = (UniqueConstraint("evidence_id", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    evidence_id: int = Field(foreign_key="evidence.id")
    project_id: int = Field(foreign_key="project.id", index=True)
    number: int
    file_name: str = ""
    size: int = 0  # bytes
    digest: str = Field(default="", index=True)
    media_type: str = ""
    address: str = Field(default="", sa_column=_text(default=""))
    note: str = Field(default="", sa_column=_text(default=""))
    at: datetime = Field(sa_column=_moment())
    by_key: str


# ------------------------------------------------------------------ questions and answers


class Thread(Row, table=True):
    """Somebody's question about one field, with what was said since. State: open, resolved."""

    __tablename__ = "thread"
    __table_args__ = (Index("ix_thread_project_field", "project_id", "field_id", "source_id"),)
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    field_id: str
    source_id: int = 0
    answer_id: int | None = None  # the version of the answer that was asked about; null: there was none
    opened_by: str
    opened_at: datetime = Field(sa_column=_moment())
    state: str = "open"
    waits_for: str  # asker or team: whose turn it is while open
    moved_at: datetime = Field(sa_column=_moment())
    resolved_by: str | None = None
    resolved_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class ThreadMessage(Row, table=True):
    """Append-only. One thing said in a thread."""

    __tablename__ = "thread_message"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    thread_id: int = Field(foreign_key="thread.id", index=True)
    text: str = Field(sa_column=_text())
    at: datetime = Field(sa_column=_moment())
    by_key: str


# ------------------------------------------------------------------ releases


class Release(Row, table=True):
    """Append-only. What goes live, as it was when it was frozen: `content` is canonical JSON, `digest` is over it."""

    __tablename__ = "release"
    __table_args__ = (UniqueConstraint("project_id", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    number: int
    model_version: str
    summary: str = Field(default="", sa_column=_text(default=""))
    ready_at: datetime | None = Field(
        default=None, sa_column=_moment(nullable=True)
    )  # the change was finished
    content: str = Field(sa_column=_text())
    digest: str
    at: datetime = Field(sa_column=_moment())
    by_key: str


class ReleaseStep(Row, table=True):
    """Append-only. One step of a release towards its users, or back. Move: shadow, canary, share, full, …"""

    __tablename__ = "release_step"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    release_id: int = Field(foreign_key="release.id", index=True)
    move: str
    share: int | None = None  # percent of the traffic, where the move is share
    note: str = Field(default="", sa_column=_text(default=""))
    happened_at: datetime = Field(sa_column=_moment())
    began_at: datetime | None = Field(
        default=None, sa_column=_moment(nullable=True)
    )  # of what was rolled back
    back_to: int | None = None  # the release that serves again
    at: datetime = Field(sa_column=_moment())
    by_key: str


class Retirement(Row, table=True):
    """Append-only. How a product was ended: why, who was told, what stays and for how long, what was learned."""

    __tablename__ = "retirement"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    reason: str = Field(sa_column=_text())
    told: str = Field(sa_column=_text())  # JSON list of [who, day]
    downstream: str = Field(sa_column=_text())  # what was checked of those that use its output
    records_until: date
    lessons: str = Field(sa_column=_text())
    at: datetime = Field(sa_column=_moment())
    by_key: str


# ------------------------------------------------------------------ recorded elsewhere


class ElsewhereRecord(Row, table=True):
    """Append-only. What an imported project document says of roles, reviews, decisions, releases and files.

    All of it is shown and exported again, and none of it counts here. `content` is canonical JSON, as in
    facts.document_parts; of a monitor or an incident it is what it was there.
    """

    __tablename__ = "elsewhere_record"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    kind: str
    number: int = 0  # what other records of the project call it; of a condition, monitor or incident its id
    content: str = Field(sa_column=_text())
    at: datetime = Field(sa_column=_moment())  # of the import


# ------------------------------------------------------------------ standing


class Standing(Row, table=True):
    """Readiness of one gate of one project, refreshed with every write that can change it.

    Shares are per mille of the five areas. Dates pass without a write: past `valid_until` readers recompute.
    """

    __tablename__ = "standing"
    project_id: int = Field(primary_key=True, foreign_key="project.id")
    gate: str = Field(primary_key=True)
    level: str
    weakest: str
    answers: int
    checks: int
    sign_offs: int
    conditions: int
    evidence: int
    blockers: int
    warnings: int
    roles: str = Field(default="{}", sa_column=_text(default="{}"))  # role -> [sign-off status, since]
    since: datetime = Field(sa_column=_moment())
    valid_until: date | None = None


class ProjectStanding(Row, table=True):
    """One row per assessed project: what the portfolio shows. Null index before the Discovery gate."""

    __tablename__ = "project_standing"
    project_id: int = Field(primary_key=True, foreign_key="project.id")
    gate: str | None = None
    level: str
    weakest: str
    readiness: int
    tier: int | None = None
    early_index: int | None = None  # per mille
    debt: int = 0
    open_questions: int = 0
    blockers: int = 0
    top_blocker: str = Field(default="", sa_column=_text(default=""))
    top_code: str = ""
    causes: str = Field(default="{}", sa_column=_text(default="{}"))  # area or role -> number of blockers
    waiting_role: str | None = None
    waiting_since: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    stale: int = 0
    overdue: int = 0
    next_on: date | None = None
    next_what: str = ""
    since: datetime = Field(sa_column=_moment())
    valid_until: date | None = None
    # language -> column of words -> its words; None: written by an earlier version
    retold: str | None = Field(default=None, sa_column=_text(nullable=True))


class StandingHistory(Row, table=True):
    """Append-only. What a project's standing was from `at` on: canonical JSON of both standing tables."""

    __tablename__ = "standing_history"
    __table_args__ = (Index("ix_standing_history_project_at", "project_id", "at"),)
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    at: datetime = Field(sa_column=_moment(index=True))
    content: str = Field(sa_column=_text())


class ProjectPast(Row, table=True):
    """Append-only. What a project was from `at` on: a row whenever one of these changes, by whatever event.

    `known` false: a project older than this table, of whose earlier stage nothing is known.
    """

    __tablename__ = "project_past"
    __table_args__ = (
        Index("ix_project_past_project_at", "project_id", "at", "id"),
        Index("ix_project_past_known", "known"),
    )
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    at: datetime = Field(sa_column=_moment())
    name: str
    organisation: str
    stage: str | None = None
    gate: str | None = None
    status: str
    origin: str
    adopted: bool = False
    archived: bool = False
    stage_word: str = ""
    risk: str = ""
    known: bool = True


class StandingPast(Row, table=True):
    """Append-only. What the portfolio shows of a project's standing from `at` on, beside `standing_history`.

    `roles` are those of the gate ahead. Written with every row of the history, in columns that can be counted.
    """

    __tablename__ = "standing_past"
    __table_args__ = (Index("ix_standing_past_project_at", "project_id", "at", "id"),)
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    at: datetime = Field(sa_column=_moment())
    gate: str | None = None
    level: str
    weakest: str
    readiness: int
    tier: int | None = None
    early_index: int | None = None
    debt: int = 0
    open_questions: int = 0
    blockers: int = 0
    top_blocker: str = Field(default="", sa_column=_text(default=""))
    causes: str = Field(default="{}", sa_column=_text(default="{}"))
    roles: str = Field(default="{}", sa_column=_text(default="{}"))
    waiting_role: str | None = None
    waiting_since: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    stale: int = 0
    overdue: int = 0
    next_on: date | None = None
    next_what: str = ""
    since: datetime = Field(sa_column=_moment())
    # language -> column of words -> its words; None: written by an earlier version
    retold: str | None = Field(default=None, sa_column=_text(nullable=True))


class Tally(Row, table=True):
    """How many projects count under a key of the overview now: see `store.tallies`."""

    __tablename__ = "tally"
    key: str = Field(sa_column=Column(Text, primary_key=True))
    number: int


class TallyLine(Row, table=True):
    """Under which keys one project counts now, and in which queues it waits: canonical JSON."""

    __tablename__ = "tally_line"
    project_id: int = Field(primary_key=True, foreign_key="project.id")
    content: str = Field(sa_column=_text())


class TallyWait(Row, table=True):
    """One project in one queue of the overview, in the order in which they wait."""

    __tablename__ = "tally_wait"
    __table_args__ = (Index("ix_tally_wait_order", "queue", "since", "name", "project_id"),)
    id: int | None = Field(default=None, primary_key=True)
    queue: str = Field(sa_column=_text())
    since: str
    name: str
    project_id: int = Field(foreign_key="project.id")


class TallyDay(Row, table=True):
    """What the portfolio counted at the end of a past day: packed text. Gone once something is dated before."""

    __tablename__ = "tally_day"
    ends: datetime = Field(sa_column=Column(Moment, primary_key=True))
    content: str = Field(sa_column=_text())


class SavedFilter(Row, table=True):
    """A view of the portfolio that one person keeps under a name: the query of its address."""

    __tablename__ = "saved_filter"
    __table_args__ = (UniqueConstraint("person_key", "name"),)
    id: int | None = Field(default=None, primary_key=True)
    person_key: str = Field(foreign_key="person.key")
    name: str
    query: str = Field(sa_column=_text())
    saved_at: datetime = Field(sa_column=_moment())


# ------------------------------------------------------------------ registers


class ImportRun(Row, table=True):
    """One import of a register file."""

    __tablename__ = "import_run"
    id: int | None = Field(default=None, primary_key=True)
    register_name: str = Field(index=True)  # mapping name: entries are told apart within it
    file_name: str
    file_digest: str
    rows: int
    added: int
    changed: int
    unchanged: int
    gone: int
    at: datetime = Field(sa_column=_moment())
    by_key: str
    undone_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class RegisterEntry(Row, table=True):
    """What a register says about an imported project; facts, never answers or signatures."""

    __tablename__ = "register_entry"
    __table_args__ = (UniqueConstraint("register_name", "identity"),)
    project_id: int = Field(primary_key=True, foreign_key="project.id")
    register_name: str
    identity: str
    external_id: str | None = None
    run_id: int = Field(foreign_key="import_run.id")
    row_number: int
    content_digest: str
    stage_word: str = ""
    risk: str = ""
    facts: str = Field(default="[]", sa_column=_text(default="[]"))  # JSON list of [label, value]
    gone_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    # JSON list of [header, value]: the columns without a notion; null in rows older than the column
    others: str | None = Field(default=None, sa_column=Column(Text, nullable=True))


class RegisterChange(Row, table=True):
    """What one import did to a project known before: how it was, so that the import can be taken back whole."""

    __tablename__ = "register_change"
    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="import_run.id", index=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    kind: str  # changed, returned, gone or moved within the file
    content: str = Field(sa_column=_text())  # JSON: columns of entry and project as they were before
    fields: str = Field(sa_column=_text())  # JSON list of [field, before, after], for people


class SavedMapping(Row, table=True):
    """A mapping that somebody saved under a name, used by itself for files that have its headers."""

    __tablename__ = "saved_mapping"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, max_length=60)
    title: str
    content: str = Field(sa_column=_text())  # YAML, as it is downloaded
    revision: int = 1
    saved_at: datetime = Field(sa_column=_moment())
    saved_by: str


class RegisterProblem(Row, table=True):
    """A row that could not become a project, kept for a person to decide."""

    __tablename__ = "register_problem"
    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="import_run.id", index=True)
    row_number: int
    column: str = ""
    text: str = Field(sa_column=_text())


# ------------------------------------------------------------------ telling people


class Outbox(Row, table=True):
    """Something that people are to be told, written in the same transaction as what it tells of.

    `kind` is the event's action, or the name of what a date brought. Who is told, and in which words, is decided
    when it is taken up: by then it may no longer matter, or somebody may no longer read the project.
    """

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_taken_at_due_at", "taken_at", "due_at"),)
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    project_id: int | None = Field(default=None, foreign_key="project.id")
    subject: str = ""
    detail: str = Field(default="{}", sa_column=_text(default="{}"))
    by_key: str = ""  # whoever did it: they are not told
    at: datetime = Field(sa_column=_moment())
    due_at: datetime = Field(sa_column=_moment())  # not taken up before
    once: str | None = Field(default=None, unique=True)  # what may be said only once has a name of its own
    taken_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class Notice(Row, table=True):
    """One person is told of one entry of the outbox: by itself, in their digest, or only in the app."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("outbox_id", "person_key", "kind"),
        Index("ix_notice_person_key_at", "person_key", "at"),
        Index("ix_notice_delivery_id", "delivery_id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    outbox_id: int = Field(foreign_key="outbox.id")
    person_key: str = Field(foreign_key="person.key")
    project_id: int | None = Field(default=None, foreign_key="project.id")
    kind: str
    at: datetime = Field(sa_column=_moment())
    way: str  # at_once, digest or app
    delivery_id: int | None = Field(default=None, foreign_key="delivery.id")


class Channel(Row, table=True):
    """Where an organisation wants to be told besides by mail. Kind: webhook or chat. The address may be secret."""

    __tablename__ = "channel"
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    name: str
    address: str = Field(sa_column=_text())
    secret: str = Field(default="", sa_column=_text(default=""))
    kinds: str = Field(default="[]", sa_column=_text(default="[]"))  # JSON list; empty: everything
    active: bool = True
    created_at: datetime = Field(sa_column=_moment())
    created_by: str
    removed_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    revision: int = 1


class Delivery(Row, table=True):
    """One message on its way. State: waiting, sending, sent, failed, dropped. `key` is what receivers see of it."""

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_state_due_at", "state", "due_at"),)
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    medium: str  # mail, webhook or chat
    kind: str  # that of the message, or digest or test
    channel_id: int | None = Field(default=None, foreign_key="channel.id")
    person_key: str | None = Field(default=None, foreign_key="person.key")
    project_id: int | None = Field(default=None, foreign_key="project.id")
    outbox_id: int | None = Field(default=None, foreign_key="outbox.id")  # channels: what they tell of
    state: str = "waiting"
    attempts: int = 0
    created_at: datetime = Field(sa_column=_moment(index=True))
    due_at: datetime = Field(sa_column=_moment())
    claimed_until: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    done_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    last_error: str = Field(default="", sa_column=_text(default=""))


class NotificationChoice(Row, table=True):
    """How one person wants to be told. Without a row: at once, by mail."""

    __tablename__ = "notification_choice"
    person_key: str = Field(primary_key=True, foreign_key="person.key")
    way: str
    digest_hour: int
    chosen_at: datetime = Field(sa_column=_moment())
    seen_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))  # notices up to here


class JobLease(Row, table=True):
    """Who runs a job now: one holder at a time on one database, until it gives up or `held_until` passes."""

    __tablename__ = "job_lease"
    job: str = Field(primary_key=True)
    holder: str = ""
    held_until: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    started_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    finished_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    said: str = Field(default="", sa_column=_text(default=""))


# ------------------------------------------------------------------ monitors, readings, incidents


class Monitor(Row, table=True):
    """One figure that is watched. State: on, paused, retired.

    `threshold` is the limit, the change or the share, as `limit_kind` says; `reads` says as JSON which columns of a
    file hold its readings. Readings up to `evaluates_from` were judged by an earlier rule and fire no more.
    """

    __tablename__ = "monitor"
    __table_args__ = (UniqueConstraint("project_id", "key"),)
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    key: str = Field(max_length=48)
    name: str
    source: str = Field(default="", sa_column=_text(default=""))
    plan_row: str | None = None  # the row of the monitoring plan (R13) that it was made from
    direction: str
    limit_kind: str
    threshold: float | None = None
    consecutive: int = 1
    lasting_seconds: int | None = None
    missing: str = "skip"
    expected_seconds: int | None = None  # between two readings; null: whenever they come
    severity: str = "major"  # of the incidents that it opens
    owner: str = ""  # person key, or a name
    action: str = Field(default="", sa_column=_text(default=""))
    calls_retraining: bool = False
    reads: str = Field(default="{}", sa_column=_text(default="{}"))
    baseline: float | None = None
    baseline_model_version: str | None = None
    state: str = "on"
    evaluates_from: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    heard_at: datetime = Field(sa_column=_moment())  # the last arrival, or when it was switched on
    created_at: datetime = Field(sa_column=_moment())
    created_by: str
    revision: int = 1


class ReadingFetch(Row, table=True):
    """How the last try to fetch a monitor's readings went; `said` is why it failed, empty where it did not."""

    __tablename__ = "reading_fetch"
    monitor_id: int = Field(primary_key=True, foreign_key="monitor.id")
    tried_at: datetime = Field(sa_column=_moment())
    next_at: datetime = Field(sa_column=_moment())
    fetched_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    failures: int = 0  # in a row
    said: str = Field(default="", sa_column=_text(default=""))


class ReadingBatch(Row, table=True):
    """Append-only. Readings that arrived together; `digest` is over all that were stored, in their order.

    `refused` cells were not stored: `problems` names them, as a JSON list of [place, sentence].
    """

    __tablename__ = "reading_batch"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    monitor_id: int = Field(foreign_key="monitor.id", index=True)
    stored: int
    unchanged: int
    missing: int
    late: int
    refused: int
    problems: str = Field(default="[]", sa_column=_text(default="[]"))
    digest: str
    method: str  # as the actor's kind, or what fetched them
    at: datetime = Field(sa_column=_moment())
    by_key: str


class Reading(Row, table=True):
    """Append-only. One observed value under its key; null is a missing one. `bound` is the limit that held then."""

    __tablename__ = "reading"
    __table_args__ = (
        UniqueConstraint("monitor_id", "key"),
        Index("ix_reading_monitor_id_at", "monitor_id", "at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    monitor_id: int = Field(foreign_key="monitor.id")
    batch_id: int = Field(foreign_key="reading_batch.id")
    key: str
    at: datetime = Field(sa_column=_moment())
    value: float | None = None
    bound: float | None = None
    verdict: str  # fine, breach or missing


class ReadingCorrection(Row, table=True):
    """Append-only. What a reading should have said; the newest of several counts, the reading itself stays."""

    __tablename__ = "reading_correction"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    monitor_id: int = Field(foreign_key="monitor.id", index=True)
    reading_id: int = Field(foreign_key="reading.id")
    value: float | None = None
    verdict: str
    reason: str = Field(sa_column=_text())
    at: datetime = Field(sa_column=_moment())
    by_key: str


class Incident(Row, table=True):
    """Something that went wrong, or a bug. State: open, working, fixed, signed, closed.

    `started_at` is when it began, `detected_at` when it was known here, `restored_at` when it was over.
    """

    __tablename__ = "incident"
    __table_args__ = (Index("ix_incident_project_id_state", "project_id", "state"),)
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    kind: str  # trigger, silence, incident or bug
    monitor_id: int | None = Field(default=None, foreign_key="monitor.id", index=True)
    title: str
    severity: str
    state: str = "open"
    model_version: str = ""
    started_at: datetime = Field(sa_column=_moment())
    detected_at: datetime = Field(sa_column=_moment())
    opened_at: datetime = Field(sa_column=_moment())
    opened_by: str
    assignee: str | None = Field(default=None, foreign_key="person.key")
    acknowledged_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    cause: str = Field(default="", sa_column=_text(default=""))
    fix: str = Field(default="", sa_column=_text(default=""))
    fixed_version: str = ""
    fixed_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    fixed_by: str | None = None
    restored_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    signed_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    signed_by: str | None = None
    lessons: str = Field(default="", sa_column=_text(default=""))
    closed_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    closed_by: str | None = None
    revision: int = 1


class IncidentNote(Row, table=True):
    """Append-only. What was said or happened in the course of an incident."""

    __tablename__ = "incident_note"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    incident_id: int = Field(foreign_key="incident.id", index=True)
    text: str = Field(sa_column=_text())
    at: datetime = Field(sa_column=_moment())
    by_key: str


class Firing(Row, table=True):
    """A trigger fired: at a reading, or because none came. Never deleted; `ended_at`: readings say otherwise since.

    `key` is that of the reading, for a silence the moment it began.
    """

    __tablename__ = "firing"
    __table_args__ = (UniqueConstraint("monitor_id", "kind", "key"),)
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    monitor_id: int = Field(foreign_key="monitor.id")
    incident_id: int = Field(foreign_key="incident.id", index=True)
    kind: str  # breach or silence
    key: str
    at: datetime = Field(sa_column=_moment())  # what it is about: the reading's moment
    since: datetime = Field(sa_column=_moment())  # where its run began
    fired_at: datetime = Field(sa_column=_moment())
    reading_id: int | None = Field(default=None, foreign_key="reading.id")
    value: float | None = None
    bound: float | None = None
    replaces: int | None = None  # the firing of the same run that it takes the place of
    ended_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


# ------------------------------------------------------------------ the log


class Event(Row, table=True):
    """Append-only, hash-chained per `chain` ("organisation" or "project:ID"). `at` is UTC text, as hashed."""

    __tablename__ = "event"
    __table_args__ = (UniqueConstraint("chain", "sequence"),)
    id: int | None = Field(default=None, primary_key=True)
    chain: str
    sequence: int
    at: str = Field(index=True)
    actor_key: str
    actor_kind: str
    action: str = Field(index=True)
    subject: str = ""
    detail: str = Field(default="{}", sa_column=_text(default="{}"))
    previous_hash: str
    hash: str


class ChainHead(Row, table=True):
    """The newest event of each chain: locked while an event is added, and the page caches' key."""

    __tablename__ = "chain_head"
    chain: str = Field(primary_key=True)
    sequence: int
    at: str  # of the newest event, so that time never runs backwards
    hash: str


APPEND_ONLY: tuple[str, ...] = (
    "answer",
    "sign_off",
    "change_answer",
    "gate_decision",
    "tier_choice",
    "evidence_revision",
    "thread_message",
    "reading_batch",
    "reading",
    "reading_correction",
    "incident_note",
    "release",
    "release_step",
    "retirement",
    "elsewhere_record",
    "register_change",
    "standing_history",
    "project_past",
    "standing_past",
    "event",
)
