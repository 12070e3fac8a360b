"""What was recorded at the gates of a project: signatures, conditions, waivers, reasons, documents, outcomes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import select
from sqlmodel import Session

from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.queries.wording import Place, Wording
from lifecycle.rules.checks.evaluation import CheckState
from lifecycle.rules.evidence import EvidenceKind, is_relied_on
from lifecycle.rules.project_facts import SignOffFact
from lifecycle.rules.signoffs import current_sign_offs, staleness
from lifecycle.store.base import Row
from lifecycle.store.tables import (
    Condition,
    Evidence,
    EvidenceRevision,
    GateDecision,
    SignOff,
    TierChoice,
    Waiver,
    WarningReason,
)
from lifecycle.vocabulary import (
    Act,
    CheckResult,
    Decision,
    Gate,
    Meaning,
    Outcome,
    Role,
    Severity,
    Stage,
    Verification,
)

_Row = TypeVar("_Row", bound=Row)


@dataclass(frozen=True, slots=True)
class SignatureView:
    """One signature record. `printed_name` is as signed, `person` the signer's present name."""

    id: int
    review_id: int
    gate: Gate
    role: Role
    act: Act
    person_key: str
    person: str
    printed_name: str
    on_behalf_of: str
    decision: Decision
    meaning: str
    statement: str
    comment: str
    at: datetime
    digest: str
    changes_on: tuple[Place, ...]  # fields on which changes were requested
    affirms: int | None
    withdraws: int | None
    withdrawn: bool  # taken back by a later row
    stated: Meaning | None  # None: signed before it was kept, or a decision taken back
    verified: Verification | None
    is_current: bool  # the role's newest that stands
    stale: tuple[str, ...]  # why, one sentence per cause; empty while it holds or is not current


@dataclass(frozen=True, slots=True)
class ConditionView:
    id: int
    gate: Gate
    role: Role | None
    sign_off_id: int | None
    text: str
    owner: str
    owner_key: str
    due_on: date
    state: str  # open, met, withdrawn
    is_overdue: bool
    created_at: datetime
    created_by: str
    met_at: datetime | None
    met_by: str
    proof: str  # or why it was withdrawn


@dataclass(frozen=True, slots=True)
class WaiverView:
    id: int
    check_id: str
    title: str
    gate: Gate
    approver: str
    mitigation: str
    expires_on: date
    at: datetime
    is_in_force: bool
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReasonView:
    """Why a warning was accepted. `holds` while the inputs of the check are as they were."""

    check_id: str
    title: str
    reason: str
    by: str
    at: datetime
    holds: bool


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """A document with its current revision. A file has `media_type`, `size` and `digest`; a link its `url`.

    `is_link`: the `url` is a web address; otherwise, without a digest, it names a document kept elsewhere.
    """

    id: int
    title: str
    kind: EvidenceKind
    url: str
    is_link: bool
    gate: Gate | None
    place: Place | None
    source_id: int
    source: str  # the data source it is about
    expires_on: date | None
    is_expired: bool
    added_at: datetime
    added_by: str
    added_by_key: str
    removed_at: datetime | None
    removed_by: str
    revision: int
    revision_id: int
    file_name: str
    size: int
    media_type: str
    digest: str
    revised_at: datetime
    revised_by: str
    note: str

    @property
    def is_file(self) -> bool:
        return self.kind is EvidenceKind.FILE


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """A recorded outcome of a gate."""

    id: int
    gate: Gate
    outcome: Outcome
    reason: str
    to_stage: Stage | None
    tier: int | None
    at: datetime
    printed_name: str
    person: str
    digest: str


@dataclass(frozen=True, slots=True)
class TierChoiceView:
    tier: int
    proposed: int
    reason: str
    approver: str
    at: datetime


def _rows(session: Session, table: type[_Row], project_id: int) -> Iterable[_Row]:
    columns = table.__table__.c  # type: ignore[attr-defined]
    return session.execute(
        select(table).where(columns.project_id == project_id).order_by(columns.id)
    ).scalars()


def signatures(session: Session, project_id: int, wording: Wording) -> tuple[SignatureView, ...]:
    """Every signature record of a project, oldest first."""
    standing = {fact.id: fact for fact in wording.facts.sign_offs}
    return tuple(
        _signature(row, wording, standing.get(row.id or 0)) for row in _rows(session, SignOff, project_id)
    )


def _signature(row: SignOff, wording: Wording, fact: SignOffFact | None) -> SignatureView:
    current = fact is not None and fact in current_sign_offs(
        wording.facts, wording.guide, fact.gate, fact.role
    )
    matters = fact is not None and current and fact.decision.is_favourable
    return SignatureView(
        id=row.id or 0,
        review_id=row.review_id,
        gate=Gate(row.gate),
        role=Role(row.role),
        act=Act(row.act),
        person_key=row.person_key,
        person=wording.person(row.person_key),
        printed_name=row.printed_name,
        on_behalf_of=row.on_behalf_of,
        decision=Decision(row.decision),
        meaning=row.meaning,
        statement=row.statement,
        comment=row.comment,
        at=row.at,
        digest=row.digest,
        changes_on=wording.places(tuple(json.loads(row.fields))),
        affirms=row.affirms,
        withdraws=row.withdraws,
        withdrawn=fact is None and row.withdraws is None,
        stated=Meaning(row.stated) if row.stated else None,
        verified=Verification(row.verified) if row.verified else None,
        is_current=current,
        stale=staleness(wording.facts, wording.guide, fact) if fact and matters else (),
    )


def conditions(session: Session, project_id: int, wording: Wording) -> tuple[ConditionView, ...]:
    """Open ones first, by day; then the closed."""
    found = [condition_view(row, wording) for row in _rows(session, Condition, project_id)]
    return tuple(sorted(found, key=lambda item: (item.state != "open", item.due_on, item.id)))


def condition_view(row: Condition, wording: Wording) -> ConditionView:
    return ConditionView(
        id=row.id or 0,
        gate=Gate(row.gate),
        role=Role(row.role) if row.role else None,
        sign_off_id=row.sign_off_id,
        text=row.text,
        owner=wording.person(row.owner),
        owner_key=row.owner,
        due_on=row.due_on,
        state=row.state,
        is_overdue=row.state == "open" and row.due_on < wording.facts.today,
        created_at=row.created_at,
        created_by=wording.person(row.created_by),
        met_at=row.met_at,
        met_by=wording.person(row.met_by) if row.met_by else "",
        proof=row.proof,
    )


def waivers(session: Session, project_id: int, wording: Wording) -> tuple[WaiverView, ...]:
    """In force first, then by the day they end."""
    found = [_waiver(row, wording) for row in _rows(session, Waiver, project_id)]
    return tuple(sorted(found, key=lambda item: (not item.is_in_force, item.expires_on, item.id)))


def _waiver(row: Waiver, wording: Wording) -> WaiverView:
    return WaiverView(
        id=row.id or 0,
        check_id=row.check_id,
        title=_check_title(wording, row.check_id),
        gate=Gate(row.gate),
        approver=wording.person(row.approver),
        mitigation=row.mitigation,
        expires_on=row.expires_on,
        at=row.at,
        is_in_force=row.revoked_at is None and row.expires_on >= wording.facts.today,
        revoked_at=row.revoked_at,
    )


def reasons(
    session: Session, project_id: int, wording: Wording, states: Iterable[CheckState]
) -> tuple[ReasonView, ...]:
    """Newest first."""
    wanted = {
        (state.check_id, state.inputs_digest)
        for state in states
        if state.severity is Severity.WARNING and state.result is CheckResult.FAILS
    }
    found = [
        ReasonView(
            check_id=row.check_id,
            title=_check_title(wording, row.check_id),
            reason=row.reason,
            by=wording.person(row.by_key),
            at=row.at,
            holds=(row.check_id, row.inputs_digest) in wanted,
        )
        for row in _rows(session, WarningReason, project_id)
    ]
    return tuple(reversed(found))


def _check_title(wording: Wording, check_id: str) -> str:
    known = wording.guide.checks_by_id.get(check_id)
    return known.title if known else check_id


def evidence(
    session: Session, project_id: int, wording: Wording, *, removed: bool = False
) -> tuple[EvidenceView, ...]:
    """Documents that are there, or those that were removed, in the order they were added."""
    newest = {row.evidence_id: row for row in evidence_revisions(session, project_id)}
    return tuple(
        _evidence(row, newest[row.id or 0], wording)
        for row in _rows(session, Evidence, project_id)
        if (row.removed_at is not None) is removed and row.id in newest
    )


def evidence_revisions(session: Session, project_id: int) -> Iterable[EvidenceRevision]:
    """Every revision of every document, oldest first."""
    return _rows(session, EvidenceRevision, project_id)


def evidence_title(session: Session, evidence_id: int) -> str:
    row = session.get(Evidence, evidence_id)
    return row.title if row else ""


def relied_on_evidence(
    documents: Iterable[EvidenceView], guide: Guide, gate: Gate, role: Role
) -> tuple[EvidenceView, ...]:
    """Those that a sign-off of this role at this gate covers."""
    return tuple(
        item
        for item in documents
        if is_relied_on(
            guide,
            gate,
            role,
            field_id=item.place.field_id if item.place else None,
            source_id=item.source_id,
            at_gate=item.gate,
        )
    )


def evidence_by(documents: Iterable[EvidenceView], guide: Guide, gate: Gate) -> tuple[EvidenceView, ...]:
    """Those of this gate, those about a data source, and those of questions that are due by it."""
    due = {field.id for field in guide.due_by(gate)}
    return tuple(
        item
        for item in documents
        if (item.place.field_id in due if item.place else item.source_id or item.gate is gate)
    )


def _evidence(row: Evidence, revision: EvidenceRevision, wording: Wording) -> EvidenceView:
    sources = {source.id: source.name for source in wording.facts.sources}
    return EvidenceView(
        id=row.id or 0,
        title=row.title,
        kind=EvidenceKind(row.kind),
        url=revision.address,
        is_link=revision.address.lower().startswith(("http://", "https://")),
        gate=Gate(row.gate) if row.gate else None,
        place=wording.place(row.field_id) if row.field_id else None,
        source_id=row.source_id,
        source=sources.get(row.source_id) or say("a removed data source") if row.source_id else "",
        expires_on=row.expires_on,
        is_expired=row.expires_on is not None and row.expires_on < wording.facts.today,
        added_at=row.added_at,
        added_by=wording.person(row.added_by),
        added_by_key=row.added_by,
        removed_at=row.removed_at,
        removed_by=wording.person(row.removed_by) if row.removed_by else "",
        revision=revision.number,
        revision_id=revision.id or 0,
        file_name=revision.file_name,
        size=revision.size,
        media_type=revision.media_type,
        digest=revision.digest,
        revised_at=revision.at,
        revised_by=wording.person(revision.by_key),
        note=revision.note,
    )


def outcomes(session: Session, project_id: int, wording: Wording) -> tuple[OutcomeView, ...]:
    """Recorded outcomes of all gates, oldest first."""
    return tuple(_outcome(row, wording) for row in _rows(session, GateDecision, project_id))


def _outcome(row: GateDecision, wording: Wording) -> OutcomeView:
    return OutcomeView(
        id=row.id or 0,
        gate=Gate(row.gate),
        outcome=Outcome(row.outcome),
        reason=row.reason,
        to_stage=Stage(row.to_stage) if row.to_stage else None,
        tier=row.tier,
        at=row.at,
        printed_name=row.printed_name,
        person=wording.person(row.by_key),
        digest=row.digest,
    )


def tier_choice(session: Session, project_id: int, wording: Wording) -> TierChoiceView | None:
    """The newest choice of another tier than the points propose."""
    rows = list(_rows(session, TierChoice, project_id))
    if not rows:
        return None
    row = rows[-1]
    return TierChoiceView(row.tier, row.proposed, row.reason, wording.person(row.approver), row.at)
