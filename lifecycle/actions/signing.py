"""What every decision is made of: cleaned text, conditions, the signature record and its event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlmodel import Session, col, select

from lifecycle.actions.projects import record_change
from lifecycle.actions.sessions import use_fresh_sign_in
from lifecycle.canonical import canonical_json
from lifecycle.errors import Invalid, NotFound, Refused
from lifecycle.events import EventAction
from lifecycle.facts.projects import load_facts, organisation_today
from lifecycle.facts.reviews import changed_since
from lifecycle.guide import Guide
from lifecycle.language import mark, say
from lifecycle.rules import reviews as rules
from lifecycle.rules.answers import clean_text
from lifecycle.rules.people import name_problem
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.signoffs import Cover, cover, decisions_allowed, digest_of, key_title
from lifecycle.store.tables import Condition, Invalidation, PersonRow, Project, Review, SignOff
from lifecycle.store.tokens import is_same
from lifecycle.vocabulary import Act, Actor, Blocker, Decision, Gate, Meaning, Role, Verification

LONGEST_TEXT = 5_000
LONGEST_NAME = 200
NO_CONDITION = mark("Name at least one condition, or approve without.")
MOST_CONDITIONS = 50
NEEDS_COMMENT: Mapping[Decision, str] = {
    Decision.CHANGES_REQUESTED: mark("Say what has to change."),
    Decision.REJECTED: mark("Say why it is rejected."),
    Decision.OPINION: mark("Write your opinion."),
}

NewCondition = tuple[str, str, date]  # text, owner (person key or name), due date


# ---------------------------------------------------------------- refusing and cleaning


def facts_now(session: Session, project_id: int, guide: Guide, at: datetime) -> ProjectFacts:
    return load_facts(session, project_id, guide=guide, today=organisation_today(session, at))


def refuse(blockers: tuple[Blocker, ...]) -> None:
    """Raises Refused with them, unless there are none."""
    if blockers:
        raise Refused(*blockers)


def refuse_past(place: str, day: date | None, today: date) -> None:
    if problem := rules.due_problem(day, today):
        raise Invalid({place: problem})


def tidy(place: str, text: str, longest: int = LONGEST_TEXT, *, required: str = "") -> str:
    """Cleaned text; raises Invalid when it is too long, or empty although `required` says what to write."""
    text = clean_text(text)
    if len(text) > longest:
        raise Invalid(
            {
                place: say(
                    "This is {count:,} characters long; at most {longest:,} can be kept.",
                    count=len(text),
                    longest=longest,
                )
            }
        )
    if required and not text:
        raise Invalid({place: required})
    return text


def existing_sign_off(session: Session, sign_off_id: int) -> SignOff:
    """Any decision; raises NotFound, also for the row that takes one back."""
    sign_off = session.get(SignOff, sign_off_id)
    if sign_off is None or sign_off.decision == Decision.WITHDRAWN.value:
        raise NotFound(say("decision"), sign_off_id)
    return sign_off


def close_review(review: Review, state: str, at: datetime) -> None:
    review.state, review.closed_at = state, at
    review.revision += 1


# ---------------------------------------------------------------- signature records


def cover_as_seen(
    session: Session, facts: ProjectFacts, guide: Guide, review: Review, seen_digest: str
) -> Cover:
    gate, role = Gate(review.gate), Role(review.role)
    covered = cover(facts, guide, gate, role)
    if digest_of(covered) == seen_digest:
        return covered
    keys = changed_since(session, review.project_id, facts, guide, gate, role, seen_digest)
    names = [key_title(facts, guide, key) for key in keys or ()]
    what = ", ".join(names) if names else say("what this role relies on")
    text = say(
        "While you were reading, {what} changed. Nothing was signed: read it again, then decide.", what=what
    )
    raise Refused(Blocker("seen_changed", text, fields=keys or (), role=role, gate=gate))


def tidy_conditions(conditions: Sequence[NewCondition], today: date) -> list[NewCondition]:
    if len(conditions) > MOST_CONDITIONS:
        raise Invalid(
            {
                "conditions": say(
                    "At most {most} conditions can be set at once.",
                    most=MOST_CONDITIONS,
                )
            }
        )
    return [
        tidy_condition(text, owner, due_on, today, number)
        for number, (text, owner, due_on) in enumerate(conditions, 1)
    ]


def tidy_condition(text: str, owner: str, due_on: date, today: date, number: int = 0) -> NewCondition:
    """A condition with all that it needs; raises Invalid naming which of several."""
    place = f"condition {number} · " if number else ""
    refuse_past(f"{place}due date", due_on, today)
    return (
        tidy(f"{place}text", text, required=say("Say what has to be done.")),
        " ".join(tidy(f"{place}owner", owner, LONGEST_NAME, required=say("Say who sees to it.")).split()),
        due_on,
    )


def refuse_incomplete(
    guide: Guide,
    review: Review,
    decision: Decision,
    stated: Meaning | None,
    comment: str,
    conditions: list[NewCondition],
    fields: Sequence[str],
) -> None:
    """Raises Invalid unless the decision is one this review may end in, with all that it needs."""
    act, gate, role = Act(review.act), Gate(review.gate), Role(review.role)
    problems: dict[str, str] = {}
    if decision not in decisions_allowed(act):
        allowed = ", ".join(item.title for item in decisions_allowed(act))
        problems["decision"] = say(
            "This review asks to {act}; choose one of: {allowed}.", act=act.word, allowed=allowed
        )
    elif problem := rules.meaning_problem(rules.meanings_of(guide.review(gate, role), decision), stated):
        problems["meaning"] = problem
    if decision in NEEDS_COMMENT and not comment:
        problems["comment"] = say(NEEDS_COMMENT[decision])
    with_conditions = decision is Decision.APPROVED_WITH_CONDITIONS
    if with_conditions and not conditions:
        problems["conditions"] = say(NO_CONDITION)
    elif conditions and not with_conditions:
        problems["conditions"] = say(
            "Conditions belong to “Approved with conditions”. Choose it, or take them out."
        )
    if fields and decision is not Decision.CHANGES_REQUESTED:
        problems["fields"] = say("Fields are named when changes are requested.")
    elif unknown := [key for key in fields if key.partition("@")[0] not in guide.fields]:
        problems["fields"] = say("There is no question {questions}.", questions=", ".join(unknown))
    if problems:
        raise Invalid(problems)


def on_behalf(name: str) -> str:
    """It stands inside the sentence that is signed, on one line and without characters that nobody sees."""
    name = " ".join(tidy("on behalf of", name, LONGEST_NAME).split())
    if name and (problem := name_problem(name)):
        raise Invalid({"on behalf of": problem})
    return name


def verification(
    session: Session,
    facts: ProjectFacts,
    guide: Guide,
    review: Review,
    decision: Decision,
    by: Actor,
    at: datetime,
    password_hash: str | None,
    anew_in: str | None,
) -> Verification:
    """How the signer is known. `password_hash` is what the password entered just now was checked against.

    `anew_in` is the hash of the session in which the signer signed in again with the identity provider. Raises
    Refused where the policy asks for either and there is neither, or the password was changed since.
    """
    gate, role = Gate(review.gate), Role(review.role)
    if not (decision.is_favourable and guide.reenters_password(gate, role, facts.tier)):
        return Verification.SESSION
    if anew_in is not None:
        return _signed_in_anew(session, review, by, at, anew_in)
    person = session.get(PersonRow, by.key)
    if password_hash is None:
        text = say("Signing here takes your password. Enter it and sign again; nothing was signed.")
        raise Refused(Blocker("password:needed", text, role=role, gate=gate))
    if person is None or not is_same(password_hash, person.password_hash or ""):
        text = say("Your password was changed meanwhile. Nothing was signed: enter the new one.")
        raise Refused(Blocker("password:changed", text, role=role, gate=gate))
    return Verification.PASSWORD


def _signed_in_anew(
    session: Session, review: Review, by: Actor, at: datetime, session_hash: str
) -> Verification:
    if use_fresh_sign_in(
        session, person_key=by.key, session_hash=session_hash, review_id=review.id or 0, at=at
    ):
        return Verification.PROVIDER
    text = say(
        "Signing here takes a fresh sign-in, not older than five minutes, for each signature. "
        "Sign in again, come back to this page and sign; nothing was signed."
    )
    raise Refused(Blocker("sign_in:needed", text, role=Role(review.role), gate=Gate(review.gate)))


def new_sign_off(
    project: Project,
    review: Review,
    guide: Guide,
    by: Actor,
    at: datetime,
    decision: Decision,
    covered: Cover,
    comment: str,
    on_behalf_of: str,
    conditions: int,
    *,
    stated: Meaning | None,
    verified: Verification,
) -> SignOff:
    gate, role = Gate(review.gate), Role(review.role)
    offered = rules.meanings_of(guide.review(gate, role), decision)
    if stated not in offered:
        stated = next(iter(offered), None)  # none chosen because there is one, or the guide offers others now
    meaning = offered[stated] if stated else ""
    return SignOff(
        project_id=review.project_id,
        review_id=review.id or 0,
        gate=review.gate,
        role=review.role,
        act=review.act,
        person_key=by.key,
        printed_name=by.name,
        on_behalf_of=on_behalf_of,
        decision=decision.value,
        meaning=meaning,
        statement=rules.statement(
            name=by.name,
            role=role,
            gate=gate,
            project=project.name,
            meaning=meaning,
            decision=decision,
            on_behalf_of=on_behalf_of,
            conditions=conditions,
        ),
        comment=comment,
        at=at,
        digest=digest_of(covered),
        covered=canonical_json(dict(covered)),
        stated=stated.value if stated else "",
        verified=verified.value,
    )


def add_conditions(session: Session, sign_off: SignOff, asked: list[NewCondition]) -> list[int | None]:
    rows = [
        Condition(
            project_id=sign_off.project_id,
            gate=sign_off.gate,
            role=sign_off.role,
            sign_off_id=sign_off.id,
            text=text,
            owner=owner,
            due_on=due_on,
            created_at=sign_off.at,
            created_by=sign_off.person_key,
        )
        for text, owner, due_on in asked
    ]
    session.add_all(rows)
    session.flush()
    return [row.id for row in rows]


def conditions_of(session: Session, sign_off_ids: Sequence[int]) -> Sequence[Condition]:
    return session.exec(
        select(Condition).where(col(Condition.sign_off_id).in_(sign_off_ids)).order_by(col(Condition.id))
    ).all()


def drop_condition(condition: Condition, reason: str) -> bool:
    if condition.state != "open":
        return False
    condition.state, condition.proof = "withdrawn", reason
    condition.revision += 1
    return True


def close_invalidations(session: Session, sign_off: SignOff, at: datetime) -> list[int | None]:
    open_ones = session.exec(
        select(Invalidation).where(
            col(Invalidation.sign_off_id) == sign_off.id, col(Invalidation.closed_at).is_(None)
        )
    ).all()
    for invalidation in open_ones:
        invalidation.closed_at = at
    return [invalidation.id for invalidation in open_ones]


def renew_earlier(session: Session, sign_off: SignOff, at: datetime) -> list[int | None]:
    """An approval after an incident settles it for earlier gates too: the same role signed for the same use there."""
    if not Decision(sign_off.decision).is_favourable or sign_off.act != Act.APPROVE:
        return []
    earlier = [gate.value for gate in Gate if gate.order < Gate(sign_off.gate).order]
    open_ones = session.exec(
        select(Invalidation)
        .join(SignOff, col(SignOff.id) == col(Invalidation.sign_off_id))
        .where(
            col(SignOff.project_id) == sign_off.project_id,
            col(SignOff.role) == sign_off.role,
            col(SignOff.person_key) == sign_off.person_key,
            col(SignOff.gate).in_(earlier),
            col(Invalidation.cause).startswith("incident:"),
            col(Invalidation.closed_at).is_(None),
        )
    ).all()
    for invalidation in open_ones:
        invalidation.closed_at = at
    return [invalidation.id for invalidation in open_ones]


# ---------------------------------------------------------------- the event


def record_sign_off(
    session: Session,
    action: EventAction,
    sign_off: SignOff,
    by: Actor,
    at: datetime,
    guide: Guide,
    **detail: object,
) -> None:
    session.flush()
    told = {
        "review": sign_off.review_id,
        "gate": sign_off.gate,
        "role": sign_off.role,
        "decision": sign_off.decision,
        "stated": sign_off.stated,
        "verified": sign_off.verified,
        "digest": sign_off.digest,
        **detail,
    }
    record_change(session, action, sign_off.project_id, f"sign_off:{sign_off.id}", told, by, at, guide)
