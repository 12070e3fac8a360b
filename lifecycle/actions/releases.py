"""Releases: freezing what goes live, bringing it to its users step by step, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, col, func, select

from lifecycle.actions.baselines import take_over
from lifecycle.actions.projects import open_project
from lifecycle.actions.signing import facts_now, refuse, tidy
from lifecycle.canonical import sha256_hex
from lifecycle.errors import Invalid, NotFound
from lifecycle.events import EventAction, project_chain, record
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.people import require_on_project
from lifecycle.facts.releases import freeze, release_facts
from lifecycle.guide import Guide
from lifecycle.language import ENGLISH, say, speaking
from lifecycle.rules import releases as rules
from lifecycle.rules.gates import blockers
from lifecycle.rules.releases import Move, ReleaseFact
from lifecycle.rules.retold import RELEASE, kept
from lifecycle.store.tables import ElsewhereRecord, Release, ReleaseStep
from lifecycle.vocabulary import Actor, Gate

LONGEST_VERSION = 200


@by_its_guide
def create(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    model_version: str,
    summary: str = "",
    ready_at: datetime | None = None,
) -> int:
    """Freeze the model version with all answers, data sources, counting sign-offs and test scores; returns its id.

    `ready_at` is when the change was finished: the lead time runs from it. Raises Refused with the blockers of
    `rules.releases.may_release`: those of the Launch gate, and a version that is not the signed one.
    """
    require_on_project(session, "releases.create", by, project_id)
    open_project(session, project_id)
    version = " ".join(
        tidy(
            "model version", model_version, LONGEST_VERSION, required=say("Say which version goes live.")
        ).split()
    )
    summary = tidy("summary", summary)
    if ready_at is not None and ready_at > at:
        raise Invalid({"ready at": say("This lies ahead. Say when the change was finished.")})
    facts = facts_now(session, project_id, guide, at)
    content = freeze(session, project_id, facts, guide, version)
    digest = sha256_hex(content)
    against = blockers(facts, guide, Gate.LAUNCH)
    refuse(rules.may_release(facts, version, against, release_facts(session, project_id), digest))
    release = Release(
        project_id=project_id,
        number=_next_number(session, project_id),
        model_version=version,
        summary=summary,
        ready_at=ready_at,
        content=content,
        digest=digest,
        at=at,
        by_key=by.key,
    )
    session.add(release)
    session.flush()
    detail = {"model_version": version, "digest": digest, "ready_at": ready_at, "summary": summary}
    _record(session, EventAction.RELEASE_CREATED, release, detail, by, at)
    return release.id or 0


@by_its_guide
def step(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    release_id: int,
    move: Move,
    share: int | None = None,
    note: str = "",
    happened_at: datetime | None = None,
) -> int:
    """Record one step forward: shadow, canary, a share of the traffic in percent, or everybody. Returns its id.

    With everybody, its test results become the baselines of the monitors of the same metrics.

    `happened_at` None: now. Raises Refused with the blockers of `rules.releases.may_step`.
    """
    release = _release(session, release_id)
    require_on_project(session, "releases.step", by, release.project_id)
    open_project(session, release.project_id)
    note = tidy("note", note)
    facts = facts_now(session, release.project_id, guide, at)
    known = release_facts(session, release.project_id)
    fact = _fact(known, release)
    share = share if move is Move.SHARE else None
    refuse(rules.may_step(facts, fact, known, move, share))
    happened_at = happened_at or at
    if problem := rules.time_problem(fact, happened_at, at):
        raise Invalid({"time": problem})
    row = _add_step(session, release, by, at, move=move, share=share, note=note, happened_at=happened_at)
    detail: dict[str, object] = {"move": move, "share": share, "note": note, "happened_at": happened_at}
    if move is Move.FULL and (baselines := take_over(session, release)):
        detail["baselines"] = baselines
    _record(session, EventAction.RELEASE_STEPPED, release, detail, by, at)
    return row.id or 0


def roll_back(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    release_id: int,
    reason: str,
    began_at: datetime | None = None,
    restored_at: datetime | None = None,
) -> int:
    """Take a release back from its users; returns the step's id. What served before serves again.

    `began_at` is when the trouble began, `restored_at` when users were well served again; both default to now.
    Between them lies the time to restore.
    """
    release = _release(session, release_id)
    require_on_project(session, "releases.roll_back", by, release.project_id)
    open_project(session, release.project_id)
    reason = tidy("reason", reason, required=say("Say what went wrong."))
    known = release_facts(session, release.project_id)
    fact = _fact(known, release)
    refuse(rules.may_roll_back(fact))
    restored_at = restored_at or at
    began_at = began_at or restored_at
    if problem := rules.time_problem(fact, restored_at, at, began_at):
        raise Invalid({"time": problem})
    before = rules.back_to(fact, known)
    row = _add_step(
        session,
        release,
        by,
        at,
        move=Move.ROLLED_BACK,
        note=reason,
        happened_at=restored_at,
        began_at=began_at,
        back_to=before.id if before else None,
    )
    with speaking(ENGLISH):
        restored_in = rules.length_words(restored_at - began_at)
    detail = {
        "reason": reason,
        "began_at": began_at,
        "restored_at": restored_at,
        "restored_in": restored_in,
        "back_to": _name(before.number, before.model_version) if before else None,
    }
    if before and (baselines := take_over(session, session.get_one(Release, before.id))):
        detail["baselines"] = baselines
    _record(session, EventAction.RELEASE_ROLLED_BACK, release, detail, by, at)
    return row.id or 0


def withdraw(session: Session, *, by: Actor, at: datetime, release_id: int, reason: str) -> int:
    """End a release that has reached nobody; returns the step's id."""
    release = _release(session, release_id)
    require_on_project(session, "releases.withdraw", by, release.project_id)
    open_project(session, release.project_id)
    reason = tidy("reason", reason, required=say("Say why it does not go live."))
    refuse(rules.may_withdraw(_fact(release_facts(session, release.project_id), release)))
    row = _add_step(session, release, by, at, move=Move.WITHDRAWN, note=reason, happened_at=at)
    _record(session, EventAction.RELEASE_WITHDRAWN, release, {"reason": reason}, by, at)
    return row.id or 0


# ---------------------------------------------------------------- rows and the event


def _release(session: Session, release_id: int) -> Release:
    release = session.get(Release, release_id)
    if release is None:
        raise NotFound(say("release"), release_id)
    return release


def _next_number(session: Session, project_id: int) -> int:
    """Goes on after those that an imported document brought along."""
    ours = select(func.max(Release.number)).where(col(Release.project_id) == project_id)
    theirs = select(func.max(ElsewhereRecord.number)).where(
        col(ElsewhereRecord.project_id) == project_id, col(ElsewhereRecord.kind) == "release"
    )
    return max(session.exec(ours).one() or 0, session.exec(theirs).one() or 0) + 1


def _fact(known: tuple[ReleaseFact, ...], release: Release) -> ReleaseFact:
    return next(fact for fact in known if fact.id == release.id)


def _add_step(
    session: Session,
    release: Release,
    by: Actor,
    at: datetime,
    *,
    move: Move,
    happened_at: datetime,
    note: str,
    share: int | None = None,
    began_at: datetime | None = None,
    back_to: int | None = None,
) -> ReleaseStep:
    row = ReleaseStep(
        project_id=release.project_id,
        release_id=release.id or 0,
        move=move.value,
        share=share,
        note=note,
        happened_at=happened_at,
        began_at=began_at,
        back_to=back_to,
        at=at,
        by_key=by.key,
    )
    session.add(row)
    session.flush()
    return row


def _name(number: int, model_version: str) -> str:
    return kept(RELEASE, number=number, version=model_version)


def _record(
    session: Session,
    action: EventAction,
    release: Release,
    detail: Mapping[str, object],
    by: Actor,
    at: datetime,
) -> None:
    record(
        session,
        chain=project_chain(release.project_id),
        action=action,
        subject=f"release:{release.id}",
        detail={"number": release.number, "what": _name(release.number, release.model_version), **detail},
        by=by,
        at=at,
    )
