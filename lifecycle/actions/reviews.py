"""Reviews and sign-offs: asking, deciding, affirming again, taking back. No decision is ever edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from lifecycle.actions.people import add_membership
from lifecycle.actions.projects import open_project, record_change
from lifecycle.actions.signing import (
    NewCondition as NewCondition,  # callers name what `decide` takes
)
from lifecycle.actions.signing import (
    add_conditions,
    close_invalidations,
    close_review,
    conditions_of,
    cover_as_seen,
    drop_condition,
    existing_sign_off,
    facts_now,
    new_sign_off,
    on_behalf,
    record_sign_off,
    refuse,
    refuse_incomplete,
    refuse_past,
    renew_earlier,
    tidy,
    tidy_conditions,
    verification,
)
from lifecycle.canonical import canonical_json
from lifecycle.errors import NotFound, Refused
from lifecycle.events import EventAction, project_chain, record
from lifecycle.facts.delegations import delegated_roles, delegations_to
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.people import holders, require_on_project
from lifecycle.facts.projects import organisation_today
from lifecycle.facts.reviews import answered_changes, candidates
from lifecycle.guide import Guide
from lifecycle.language import mark, say
from lifecycle.rules import reviews as rules
from lifecycle.rules.change_requests import change_requests
from lifecycle.rules.delegations import may_hand_over
from lifecycle.rules.project_facts import ProjectFacts, ReviewFact, SignOffFact
from lifecycle.rules.signoffs import stands_in
from lifecycle.store.tables import ChangeAnswer, Review, SignOff
from lifecycle.vocabulary import Act, Actor, Blocker, Decision, Gate, Meaning, Role, Verification

_CLOSED = {
    "decided": mark("This review is decided already."),
    "withdrawn": mark("This review is withdrawn already."),
}

# ---------------------------------------------------------------- asking


@by_its_guide
def request(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    gate: Gate,
    role: Role,
    person_key: str,
    due_on: date | None = None,
    message: str = "",
) -> int:
    """Ask one person for the review of one role at one gate; returns the review's id.

    Gives them the role on the project if they lack it. Several people may be asked for one role. Raises
    Refused with the blockers of `rules.reviews.may_be_asked`.
    """
    require_on_project(session, "reviews.request", by, project_id)
    open_project(session, project_id)
    facts = facts_now(session, project_id, guide, at)
    message = tidy("message", message)
    refuse_past("due date", due_on, facts.today)
    spec = guide.review(gate, role)
    _refuse_unasked(session, facts, guide, gate, role, person_key, by)
    review = Review(
        project_id=project_id,
        gate=gate.value,
        role=role.value,
        act=(spec.act if spec else Act.CONSULT).value,
        person_key=person_key,
        requested_by=by.key,
        requested_at=at,
        due_on=due_on,
        message=message,
    )
    session.add(review)
    gave_role = _give_role(session, project_id, person_key, role, by, at)
    session.flush()
    detail = {"person": person_key, "act": review.act, "due_on": due_on, "role_given": gave_role}
    _record(session, EventAction.REVIEW_REQUESTED, review, detail, by, at, guide)
    return review.id or 0


@by_its_guide
def cancel(
    session: Session, *, by: Actor, at: datetime, guide: Guide, review_id: int, reason: str = ""
) -> None:
    """Take an open request back; a decided one stays as it is."""
    review = _review(session, review_id)
    require_on_project(session, "reviews.cancel", by, review.project_id)
    open_project(session, review.project_id)
    _refuse_closed(review)
    close_review(review, "withdrawn", at)
    detail = {"person": review.person_key, "reason": tidy("reason", reason)}
    _record(session, EventAction.REVIEW_WITHDRAWN, review, detail, by, at, guide)


@by_its_guide
def reassign(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    review_id: int,
    person_key: str,
    reason: str = "",
    due_on: date | None = None,
) -> int:
    """Ask somebody else instead, because the first one left or is away; returns the new review's id.

    The first request is closed and the new one waits from now on. The same rules hold as for asking.
    """
    old = _review(session, review_id)
    require_on_project(session, "reviews.reassign", by, old.project_id)
    open_project(session, old.project_id)
    _refuse_closed(old)
    facts = facts_now(session, old.project_id, guide, at)
    gate, role = Gate(old.gate), Role(old.role)
    refuse_past("due date", due_on, facts.today)
    _refuse_unasked(session, facts, guide, gate, role, person_key, by)
    return _move(
        session,
        EventAction.REVIEW_REASSIGNED,
        old,
        person_key,
        by,
        at,
        guide,
        reason=tidy("reason", reason),
        requested_by=by.key,
        due_on=due_on or (old.due_on if old.due_on and old.due_on >= facts.today else None),
    )


@by_its_guide
def hand_over(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    review_id: int,
    person_key: str,
    reason: str = "",
) -> int:
    """Pass one request that waits for oneself on to a colleague; returns the new review's id.

    Whoever asked stays the one who asked, so that it cannot come back to them. Raises Refused with the blockers
    of `rules.delegations.may_hand_over`.
    """
    old = _review(session, review_id)
    require_on_project(session, "reviews.hand_over", by, old.project_id)
    open_project(session, old.project_id)
    facts = facts_now(session, old.project_id, guide, at)
    found = candidates(session, keys=(person_key,))
    if not found:
        raise NotFound(say("person"), person_key)
    refuse(may_hand_over(facts, _review_fact(facts, review_id), found[0], by))
    return _move(
        session,
        EventAction.REVIEW_HANDED_OVER,
        old,
        person_key,
        by,
        at,
        guide,
        reason=tidy("reason", reason, longest=500),
        requested_by=old.requested_by,
        due_on=old.due_on,
        handed_over_by=by.key,
    )


def _move(
    session: Session,
    action: EventAction,
    old: Review,
    person_key: str,
    by: Actor,
    at: datetime,
    guide: Guide,
    *,
    reason: str,
    **about: Any,
) -> int:
    """Close a request and open the same one to somebody else, who gets the role if they lack it; returns its id."""
    new = Review(
        project_id=old.project_id,
        gate=old.gate,
        role=old.role,
        act=old.act,
        person_key=person_key,
        requested_at=at,
        message=old.message,
        **about,
    )
    session.add(new)
    close_review(old, "withdrawn", at)
    gave_role = _give_role(session, old.project_id, person_key, Role(old.role), by, at)
    detail = {
        "from_review": old.id,
        "from": old.person_key,
        "person": person_key,
        "reason": reason,
        "due_on": new.due_on,
        "role_given": gave_role,
    }
    _record(session, action, new, detail, by, at, guide)
    return new.id or 0


# ---------------------------------------------------------------- deciding


@by_its_guide
def decide(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    review_id: int,
    decision: Decision,
    seen_digest: str,
    comment: str = "",
    conditions: Sequence[NewCondition] = (),
    fields: Sequence[str] = (),
    on_behalf_of: str = "",
    stated: Meaning | None = None,
    password_hash: str | None = None,
    anew_in: str | None = None,
) -> int:
    """Record one person's decision; returns the sign-off's id.

    `seen_digest` is the digest of the content on the screen: when it has changed since, the decision is
    refused and the changed fields are named, so that nobody signs what they did not see. `stated` may be left
    out where the guide offers one meaning only; `password_hash` and `anew_in` as in `signing.verification`. `fields`
    are the keys of answers; of a data source, `X07@3`, or `X07` for every one. Whoever stands in for the person asked
    signs on their behalf, whatever `on_behalf_of` says.
    """
    review = _review(session, review_id)
    today = organisation_today(session, at)
    standing_in = delegated_roles(session, review.project_id, by.key, today=today)
    require_on_project(session, "reviews.decide", by, review.project_id, also=standing_in)
    project = open_project(session, review.project_id)
    facts = facts_now(session, review.project_id, guide, at)
    fact = _review_fact(facts, review_id)
    held = delegations_to(session, by.key, today=today, project_id=review.project_id)
    refuse(rules.may_decide_now(facts, guide, fact, by, held))
    stands_in_by = stands_in(facts, fact, by, held)
    comment = tidy("comment", comment)
    behalf = stands_in_by.from_name if stands_in_by else on_behalf(on_behalf_of)
    asked = tidy_conditions(conditions, facts.today)
    refuse_incomplete(guide, review, decision, stated, comment, asked, fields)
    covered = cover_as_seen(session, facts, guide, review, seen_digest)
    sign_off = new_sign_off(
        project,
        review,
        guide,
        by,
        at,
        decision,
        covered,
        comment,
        behalf,
        len(asked),
        stated=stated,
        verified=verification(session, facts, guide, review, decision, by, at, password_hash, anew_in),
    )
    sign_off.fields = canonical_json(sorted(set(fields)))
    session.add(sign_off)
    close_review(review, "decided", at)
    session.flush()
    made = add_conditions(session, sign_off, asked)
    told: dict[str, object] = {"conditions": made}
    if renewed := renew_earlier(session, sign_off, at):
        told["invalidations_closed"] = renewed
    if stands_in_by is not None:
        told |= {"for": stands_in_by.from_key, "delegation": stands_in_by.id}
    record_sign_off(session, EventAction.SIGN_OFF_RECORDED, sign_off, by, at, guide, **told)
    return sign_off.id or 0


@by_its_guide
def affirm(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    sign_off_id: int,
    seen_digest: str,
    comment: str = "",
    password_hash: str | None = None,
    anew_in: str | None = None,
) -> int:
    """Say again, after reading what changed, that a stale decision holds; returns the new sign-off's id.

    The old row stays; what made it stale is closed, and so is a request to the same person for the same. It
    means what the old one meant, and takes the password where deciding does.
    """
    old = existing_sign_off(session, sign_off_id)
    today = organisation_today(session, at)
    standing_in = delegated_roles(session, old.project_id, by.key, today=today)
    require_on_project(session, "reviews.affirm", by, old.project_id, also=standing_in)
    project = open_project(session, old.project_id)
    facts = facts_now(session, old.project_id, guide, at)
    fact, review = _sign_off_fact(facts, old), _review(session, old.review_id)
    held = delegations_to(session, by.key, today=today, project_id=old.project_id)
    refuse(rules.may_affirm(facts, guide, fact, _review_fact(facts, old.review_id), by, held))
    covered = cover_as_seen(session, facts, guide, review, seen_digest)
    owed = [item for item in conditions_of(session, [sign_off_id]) if item.state == "open"]
    verified = verification(session, facts, guide, review, fact.decision, by, at, password_hash, anew_in)
    sign_off = new_sign_off(
        project,
        _asked_again(session, review, at) or review,
        guide,
        by,
        at,
        fact.decision,
        covered,
        tidy("comment", comment),
        "" if by.key == review.person_key != old.person_key else old.on_behalf_of,
        len(owed),
        stated=Meaning(old.stated) if old.stated else None,
        verified=verified,
    )
    sign_off.affirms = old.id
    session.add(sign_off)
    session.flush()
    for condition in owed:
        condition.sign_off_id = sign_off.id
    closed = close_invalidations(session, old, at) + renew_earlier(session, sign_off, at)
    record_sign_off(
        session,
        EventAction.SIGN_OFF_AFFIRMED,
        sign_off,
        by,
        at,
        guide,
        affirms=old.id,
        invalidations_closed=closed,
    )
    return sign_off.id or 0


@by_its_guide
def withdraw(
    session: Session, *, by: Actor, at: datetime, guide: Guide, sign_off_id: int, reason: str
) -> int:
    """Take one's decision back; returns the id of the row that says so. The review is open again.

    It ends all that its role said at this gate before, so that no older decision stands up again, and the open
    conditions that hung on it.
    """
    old = existing_sign_off(session, sign_off_id)
    standing_in = delegated_roles(session, old.project_id, by.key, today=organisation_today(session, at))
    require_on_project(session, "reviews.withdraw", by, old.project_id, also=standing_in)
    project = open_project(session, old.project_id)
    facts = facts_now(session, old.project_id, guide, at)
    review = _review(session, old.review_id)
    refuse(
        rules.may_withdraw(facts, guide, _sign_off_fact(facts, old), _review_fact(facts, old.review_id), by)
    )
    reason = tidy("reason", reason, required=say("Say why you take it back."))
    row = new_sign_off(
        project,
        review,
        guide,
        by,
        at,
        Decision.WITHDRAWN,
        {},
        reason,
        "" if by.key == review.person_key != old.person_key else old.on_behalf_of,
        0,
        stated=None,
        verified=Verification.SESSION,
    )
    row.withdraws = old.id
    session.add(row)
    ended = _ended_by(facts, guide, old)
    dropped = [item.id for item in conditions_of(session, ended) if drop_condition(item, reason)]
    reopened = _reopen(facts, review)
    record_sign_off(
        session,
        EventAction.SIGN_OFF_WITHDRAWN,
        row,
        by,
        at,
        guide,
        withdraws=old.id,
        conditions_withdrawn=dropped,
        review_open_again=reopened,
    )
    return row.id or 0


# ---------------------------------------------------------------- requested changes


@by_its_guide
def answer_change(
    session: Session, *, by: Actor, at: datetime, guide: Guide, sign_off_id: int, key: str, text: str
) -> int:
    """Say why an answer stays as it is although a reviewer asked to change it; returns the id of what was said.

    It ends the request on that answer. The reviewer reads it when asked again; their decision stays as it is.
    """
    made = existing_sign_off(session, sign_off_id)
    require_on_project(session, "reviews.answer_change", by, made.project_id)
    open_project(session, made.project_id)
    facts = facts_now(session, made.project_id, guide, at)
    found = change_requests(facts, guide, answered_changes(session, made.project_id))
    if not any((item.sign_off.id, item.key, item.is_open) == (sign_off_id, key, True) for item in found):
        text = say(
            "This change is not asked for any more: the answer was changed, or the reviewer decided anew."
        )
        raise Refused(_blocker(made, "not_asked_for", text))
    said = tidy("answer", text, required=say("Say why it stays as it is."))
    row = ChangeAnswer(
        project_id=made.project_id, sign_off_id=sign_off_id, key=key, text=said, at=at, by_key=by.key
    )
    session.add(row)
    session.flush()
    record(
        session,
        chain=project_chain(made.project_id),
        action=EventAction.CHANGE_ANSWERED,
        subject=key,
        detail={"sign_off": sign_off_id, "gate": made.gate, "role": made.role},
        by=by,
        at=at,
    )
    return row.id or 0


# ---------------------------------------------------------------- rows


def _review(session: Session, review_id: int) -> Review:
    review = session.get(Review, review_id)
    if review is None:
        raise NotFound(say("review"), review_id)
    return review


def _review_fact(facts: ProjectFacts, review_id: int) -> ReviewFact:
    return next(fact for fact in facts.reviews if fact.id == review_id)


def _sign_off_fact(facts: ProjectFacts, row: SignOff) -> SignOffFact:
    for fact in facts.sign_offs:
        if fact.id == row.id:
            return fact
    raise Refused(_blocker(row, "withdrawn", say("This decision was withdrawn already.")))


def _refuse_closed(review: Review) -> None:
    if review.state != "open":
        raise Refused(
            _blocker(
                review,
                "closed",
                say(_CLOSED[review.state]),
            )
        )


def _refuse_unasked(
    session: Session,
    facts: ProjectFacts,
    guide: Guide,
    gate: Gate,
    role: Role,
    person_key: str,
    by: Actor,
) -> None:
    found = candidates(session, keys=(person_key,))
    if not found:
        raise NotFound(say("person"), person_key)
    refuse(rules.may_be_asked(facts, guide, gate, role, found[0], asked_by=by.key))


def _give_role(
    session: Session, project_id: int, person_key: str, role: Role, by: Actor, at: datetime
) -> bool:
    if person_key in holders(session, project_id, role):
        return False
    add_membership(session, project_id, person_key, role, at, given_by=by.key)
    return True


def _asked_again(session: Session, review: Review, at: datetime) -> Review | None:
    """A newer open request to the same person for the same, decided by affirming."""
    newer = session.exec(
        select(Review).where(
            col(Review.project_id) == review.project_id,
            col(Review.gate) == review.gate,
            col(Review.role) == review.role,
            col(Review.person_key) == review.person_key,
            col(Review.state) == "open",
        )
    ).first()
    if newer is not None:
        close_review(newer, "decided", at)
    return newer


def _ended_by(facts: ProjectFacts, guide: Guide, old: SignOff) -> list[int]:
    """What stands no more once this decision is taken back, as `facts.projects` reads it afterwards."""
    alone = guide.approvals_needed(Gate(old.gate), Role(old.role), facts.tier) == 1
    return [
        item.id
        for item in facts.sign_offs
        if (item.gate, item.role) == (old.gate, old.role)
        and (alone or item.review_id == old.review_id or item.person_key == old.person_key)
    ]


def _reopen(facts: ProjectFacts, review: Review) -> bool:
    """Open again for another decision, unless the same person was asked anew since."""
    place = (review.gate, review.role, review.person_key)
    for other in facts.reviews:
        if other.state == "open" and (other.gate.value, other.role.value, other.person_key) == place:
            return False
    review.state, review.closed_at = "open", None
    review.revision += 1
    return True


# ---------------------------------------------------------------- events


def _record(
    session: Session,
    action: EventAction,
    review: Review,
    detail: Mapping[str, object],
    by: Actor,
    at: datetime,
    guide: Guide,
) -> None:
    session.flush()
    detail = {"gate": review.gate, "role": review.role, **detail}
    record_change(session, action, review.project_id, f"review:{review.id}", detail, by, at, guide)


def _blocker(of: Review | SignOff, code: str, text: str) -> Blocker:
    return Blocker(code, text, role=Role(of.role), gate=Gate(of.gate))
