"""Evidence: documents with revisions. A revision is never edited; whoever replaces a file adds the next one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlmodel import Session, col, select

from lifecycle.actions.projects import open_project, record_change
from lifecycle.actions.signing import LONGEST_NAME, facts_now, refuse, refuse_past, tidy
from lifecycle.errors import Invalid, NotFound, Refused
from lifecycle.events import EventAction
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.people import project_roles, require_on_project
from lifecycle.facts.projects import content_of_row
from lifecycle.guide import Guide
from lifecycle.language import mark, say
from lifecycle.rules.evidence import (
    Content,
    EvidenceKind,
    FileContent,
    LinkContent,
    against_changing,
    link_problem,
    revision_content,
)
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.retold import REMOVED, REPLACED, kept
from lifecycle.rules.signoffs import counting_sign_offs, is_stale, resting_unrecorded
from lifecycle.store.tables import Evidence, EvidenceRevision, Invalidation
from lifecycle.vocabulary import Actor, Blocker, Gate

LONGEST_LINK = 2_000
_KINDS = {FileContent: EvidenceKind.FILE, LinkContent: EvidenceKind.LINK}
_OTHER_KIND = {
    EvidenceKind.FILE: mark(
        "“{document}” is a file. Replace it by a file, or add another document beside it."
    ),
    EvidenceKind.LINK: mark(
        "“{document}” is a link. Replace it by a link, or add another document beside it."
    ),
}

# ---------------------------------------------------------------- adding


@by_its_guide
def add(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    content: Content,
    title: str = "",
    gate: Gate | None = None,
    field_id: str | None = None,
    source_id: int = 0,
    expires_on: date | None = None,
    note: str = "",
) -> int:
    """A document with its first revision; returns its id. The content of a file must be stored already.

    Without a title a file is called by its name. Raises Invalid for a link that may not stand for a document.
    """
    require_on_project(session, "evidence.add", by, project_id)
    open_project(session, project_id)
    before = facts_now(session, project_id, guide, at)
    _refuse_no_place(before, guide, gate, field_id, source_id)
    refuse_past("expiry", expires_on, before.today)
    content = _tidy_content(content)
    item = Evidence(
        project_id=project_id,
        title=_tidy_title(title, content),
        kind=_KINDS[type(content)].value,
        gate=gate.value if gate else None,
        field_id=field_id,
        source_id=source_id,
        expires_on=expires_on,
        added_at=at,
        added_by=by.key,
    )
    session.add(item)
    session.flush()
    revision = _add_revision(session, item, 1, content, note, by, at)
    detail = {
        "title": item.title,
        "gate": gate,
        "field": field_id,
        "source": source_id or None,
        "expires_on": expires_on,
        **_of_revision(revision),
    }
    _record(session, EventAction.EVIDENCE_ADDED, item, detail, before, by, at, guide)
    return item.id or 0


@by_its_guide
def revise(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    evidence_id: int,
    content: Content,
    note: str = "",
    expires_on: date | None = None,
) -> int:
    """The next revision of a document; returns its number. What covered the one before becomes stale.

    A file is replaced by a file and a link by a link. `expires_on` sets a new day with it; None keeps the old one.
    """
    item = _changeable(session, "evidence.revise", evidence_id, by)
    before = facts_now(session, item.project_id, guide, at)
    refuse_past("expiry", expires_on, before.today)
    content = _tidy_content(content)
    newest = _newest(session, evidence_id)
    _refuse_other_kind(item, content)
    if revision_content(content) == revision_content(content_of_row(newest)):
        text = say("This is what revision {number} holds already. Nothing was changed.", number=newest.number)
        raise Refused(Blocker("same_content", text))
    revision = _add_revision(session, item, newest.number + 1, content, note, by, at)
    if expires_on is not None:
        item.expires_on = expires_on
    _tell_older(
        session,
        item,
        before,
        guide,
        kept(REPLACED, document=item.title, number=revision.number),
        at,
    )
    detail = {"title": item.title, "expires_on": item.expires_on, **_of_revision(revision)}
    _record(session, EventAction.EVIDENCE_REVISED, item, detail, before, by, at, guide)
    return revision.number


# ---------------------------------------------------------------- expiry, removing, bringing back


@by_its_guide
def set_expiry(
    session: Session, *, by: Actor, at: datetime, guide: Guide, evidence_id: int, expires_on: date | None
) -> None:
    """The last day on which the document counts; None: it does not end."""
    item = _changeable(session, "evidence.set_expiry", evidence_id, by)
    before = facts_now(session, item.project_id, guide, at)
    refuse_past("expiry", expires_on, before.today)
    was, item.expires_on = item.expires_on, expires_on
    detail = {"title": item.title, "before": was, "after": expires_on}
    _record(session, EventAction.EVIDENCE_EXPIRY_SET, item, detail, before, by, at, guide)


@by_its_guide
def remove(
    session: Session, *, by: Actor, at: datetime, guide: Guide, evidence_id: int, reason: str = ""
) -> None:
    """Take a document off the shelf. What covered it becomes stale; its revisions stay for the record."""
    item = _changeable(session, "evidence.remove", evidence_id, by)
    before = facts_now(session, item.project_id, guide, at)
    item.removed_at, item.removed_by = at, by.key
    _tell_older(session, item, before, guide, kept(REMOVED, document=item.title), at)
    detail = {"title": item.title, "reason": tidy("reason", reason)}
    _record(session, EventAction.EVIDENCE_REMOVED, item, detail, before, by, at, guide)


@by_its_guide
def restore(session: Session, *, by: Actor, at: datetime, guide: Guide, evidence_id: int) -> None:
    """Put a removed document back as it was; what covered it holds again."""
    item = _item(session, evidence_id)
    _refuse_others(session, "evidence.restore", item, by)
    if item.removed_at is None:
        raise Refused(
            Blocker("not_removed", say("“{document}” is on the shelf already.", document=item.title))
        )
    before = facts_now(session, item.project_id, guide, at)
    item.removed_at = item.removed_by = None
    for told in session.exec(
        select(Invalidation).where(
            col(Invalidation.project_id) == item.project_id,
            col(Invalidation.cause) == _cause(item),
            col(Invalidation.closed_at).is_(None),
        )
    ):
        told.closed_at = at
    detail = {"title": item.title}
    _record(session, EventAction.EVIDENCE_RESTORED, item, detail, before, by, at, guide)


# ---------------------------------------------------------------- rows


def _item(session: Session, evidence_id: int) -> Evidence:
    item = session.get(Evidence, evidence_id)
    if item is None:
        raise NotFound(say("document"), evidence_id)
    return item


def _changeable(session: Session, action: str, evidence_id: int, by: Actor) -> Evidence:
    """A document that is there and that this person may change."""
    item = _item(session, evidence_id)
    _refuse_others(session, action, item, by)
    if item.removed_at is not None:
        raise NotFound(say("document"), evidence_id)
    return item


def _refuse_others(session: Session, action: str, item: Evidence, by: Actor) -> None:
    require_on_project(session, action, by, item.project_id)
    open_project(session, item.project_id)
    refuse(against_changing(item.added_by, project_roles(session, item.project_id, by.key), by))


def _newest(session: Session, evidence_id: int) -> EvidenceRevision:
    newest = select(EvidenceRevision).where(col(EvidenceRevision.evidence_id) == evidence_id)
    return session.exec(newest.order_by(col(EvidenceRevision.number).desc()).limit(1)).one()


def _add_revision(
    session: Session, item: Evidence, number: int, content: Content, note: str, by: Actor, at: datetime
) -> EvidenceRevision:
    row = EvidenceRevision(
        evidence_id=item.id or 0,
        project_id=item.project_id,
        number=number,
        note=tidy("note", note, LONGEST_LINK),
        at=at,
        by_key=by.key,
    )
    if isinstance(content, FileContent):
        row.file_name, row.size = content.name, content.size
        row.digest, row.media_type = content.digest, content.media_type
    else:
        row.address = content.address
    session.add(row)
    session.flush()
    return row


def _cause(item: Evidence) -> str:
    return f"evidence:{item.id}"


def _tell_older(
    session: Session, item: Evidence, facts: ProjectFacts, guide: Guide, text: str, at: datetime
) -> None:
    """Sign-offs from before there were files cover no documents: write down what became of one they rested on."""
    gate = Gate(item.gate) if item.gate else None
    for fact in resting_unrecorded(
        facts,
        guide,
        field_id=item.field_id,
        source_id=item.source_id,
        gate=gate,
        added_at=item.added_at,
    ):
        session.add(
            Invalidation(
                sign_off_id=fact.id,
                project_id=item.project_id,
                cause=_cause(item),
                detail=text,
                opened_at=at,
            )
        )


# ---------------------------------------------------------------- what is given


def _refuse_no_place(
    facts: ProjectFacts, guide: Guide, gate: Gate | None, field_id: str | None, source_id: int
) -> None:
    if gate is None and field_id is None and not source_id:
        raise Invalid({"place": say("Say to which gate or question the document belongs.")})
    if field_id is not None and field_id not in guide.fields:
        raise NotFound(say("question"), field_id)
    if source_id and source_id not in {source.id for source in facts.sources}:
        raise NotFound(say("data source"), source_id)


def _tidy_title(title: str, content: Content) -> str:
    given = title if title.strip() or isinstance(content, LinkContent) else content.name
    return " ".join(tidy("title", given, LONGEST_NAME, required=say("Give the document a title.")).split())


def _tidy_content(content: Content) -> Content:
    if isinstance(content, FileContent):
        return content
    wanted = say("Give a web address, or name the document.")
    address = tidy("link", content.address, LONGEST_LINK, required=wanted)
    if problem := link_problem(address):
        raise Invalid({"link": problem})
    return LinkContent(address)


def _refuse_other_kind(item: Evidence, content: Content) -> None:
    if _KINDS[type(content)] is not EvidenceKind(item.kind):
        text = say(_OTHER_KIND[EvidenceKind(item.kind)], document=item.title)
        raise Refused(Blocker("other_kind", text))


# ---------------------------------------------------------------- events


def _of_revision(row: EvidenceRevision) -> dict[str, object]:
    said: dict[str, object] = {"revision": row.number, "revision_id": row.id}
    if row.digest:
        return {**said, "file": row.file_name, "size": row.size, "digest": row.digest}
    return {**said, "url": row.address}


def _stale(facts: ProjectFacts, guide: Guide) -> set[int]:
    """The decisions that stand, are favourable and stale."""
    return {
        fact.id
        for fact in counting_sign_offs(facts, guide)
        if fact.decision.is_favourable and is_stale(facts, guide, fact)
    }


def _record(
    session: Session,
    action: EventAction,
    item: Evidence,
    detail: Mapping[str, object],
    before: ProjectFacts,
    by: Actor,
    at: datetime,
    guide: Guide,
) -> None:
    session.flush()
    after = facts_now(session, item.project_id, guide, at)
    was, now = _stale(before, guide), _stale(after, guide)
    detail = {
        **detail,
        "sign_offs_gone_stale": sorted(now - was),
        "sign_offs_valid_again": sorted(was - now),
    }
    subject = f"evidence:{item.id}"
    record_change(session, action, item.project_id, subject, detail, by, at, guide, facts=after)
