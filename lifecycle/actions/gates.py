"""Gates: their outcome, the risk tier, conditions, waivers and reasons."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType

from sqlmodel import Session, col, select

from lifecycle.actions.projects import open_project, record_change
from lifecycle.actions.signing import (
    close_review,
    drop_condition,
    facts_now,
    refuse,
    refuse_past,
    tidy,
    tidy_condition,
)
from lifecycle.canonical import digest
from lifecycle.errors import Invalid, NotFound, Refused
from lifecycle.events import EventAction
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.people import project_roles, require_on_project
from lifecycle.guide import Guide
from lifecycle.language import ENGLISH, mark, say, speaking
from lifecycle.rules.checks.evaluation import CheckState, evaluate, said_again
from lifecycle.rules.checks.waivers import may_reason, may_waive
from lifecycle.rules.evidence import link_problem
from lifecycle.rules.gates import Aftermath, after, by_retiring, may_decide_gate
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.signoffs import current_sign_offs, required_reviews
from lifecycle.rules.tier_choices import HIGHEST_TIER, may_choose_tier
from lifecycle.rules.tiers import propose
from lifecycle.store.tables import (
    Condition,
    GateDecision,
    Project,
    Review,
    SignOff,
    TierChoice,
    Waiver,
    WarningReason,
)
from lifecycle.vocabulary import Actor, Blocker, CheckResult, Gate, Outcome, Role, Severity, Stage

LONGEST_WAIVER = timedelta(days=366)
_CLOSED = {
    "met": mark("This condition is met already."),
    "withdrawn": mark("This condition is withdrawn already."),
}
_NOT_MET = {
    "open": mark("This condition is open; only one that was met can be opened again."),
    "withdrawn": mark("This condition is withdrawn; only one that was met can be opened again."),
}
_LOOKS_LIKE_A_LINK = re.compile(r"[a-z][a-z0-9+.-]*:\S+$", re.IGNORECASE)
PERMISSION_OF_OUTCOME: Mapping[Outcome, str] = {
    Outcome.GO: "gates.go",
    Outcome.GO_WITH_CONDITIONS: "gates.go",
    Outcome.RECYCLE: "gates.recycle",
    Outcome.STOP: "gates.stop",
}


# ---------------------------------------------------------------- the outcome


@by_its_guide
def decide(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    gate: Gate,
    outcome: Outcome,
    reason: str = "",
    to_stage: Stage | None = None,
    kept: Mapping[str, object] = MappingProxyType({}),
) -> int:
    """Record the outcome of the gate the project is at and move the project; returns the decision's id.

    Raises Refused with exactly the blockers of `rules.gates.may_decide_gate`, which the screen shows too.
    Requests that the outcome makes pointless are closed with it. `kept` is what the event keeps besides: what an
    Operate review looked at.
    """
    require_on_project(session, PERMISSION_OF_OUTCOME[outcome], by, project_id)
    project = open_project(session, project_id)
    facts = facts_now(session, project_id, guide, at)
    reason = tidy("reason", reason)
    refuse(may_decide_gate(facts, guide, gate, outcome, by, reason=reason, to_stage=to_stage))
    if (gate, outcome) == (Gate.OPERATE, Outcome.STOP) and "retirement" not in kept:
        raise Refused(by_retiring())
    next_place = after(facts, outcome, to_stage)
    decision = GateDecision(
        project_id=project_id,
        gate=gate.value,
        outcome=outcome.value,
        reason=reason,
        to_stage=to_stage.value if to_stage and outcome is Outcome.RECYCLE else None,
        tier=facts.tier,
        at=at,
        by_key=by.key,
        printed_name=by.name,
        digest=digest(_rests_on(session, facts, guide, gate)),
    )
    session.add(decision)
    session.flush()
    before = {"stage": project.stage, "gate": project.gate, "status": project.status}
    _move(project, next_place, at)
    detail = {
        "decision": decision.id,
        "outcome": outcome,
        "reason": reason,
        "tier": facts.tier,
        "digest": decision.digest,
        "before": before,
        "after": {"stage": project.stage, "gate": project.gate, "status": project.status},
        "reviews_closed": _close_requests(session, project_id, gate, outcome, to_stage, at),
        **kept,
    }
    record_change(session, EventAction.GATE_DECIDED, project_id, f"gate:{gate}", detail, by, at, guide)
    return decision.id or 0


def _rests_on(session: Session, facts: ProjectFacts, guide: Guide, gate: Gate) -> list[list[object]]:
    """Id and digest of the standing sign-offs of every required role, in the order of the guide."""
    ids = [
        fact.id
        for spec in required_reviews(facts, guide, gate)
        for fact in current_sign_offs(facts, guide, gate, spec.role)
    ]
    rows = session.exec(select(SignOff).where(col(SignOff.id).in_(ids))).all()
    digests = {row.id: row.digest for row in rows}
    return [[sign_off_id, digests[sign_off_id]] for sign_off_id in ids]


def _move(project: Project, place: Aftermath, at: datetime) -> None:
    if project.stage != place.stage.value:
        project.stage_since = at
    project.stage, project.gate = place.stage.value, place.gate.value
    project.status, project.furthest_stage = place.status.value, place.furthest_stage.value
    project.revision += 1


def _close_requests(
    session: Session, project_id: int, gate: Gate, outcome: Outcome, to_stage: Stage | None, at: datetime
) -> list[int | None]:
    """Those of the gate itself; of all gates that a recycle opens again; all of them on a stop."""
    open_ones = session.exec(
        select(Review)
        .where(col(Review.project_id) == project_id, col(Review.state) == "open")
        .order_by(col(Review.id))
    ).all()
    closed = [
        review
        for review in open_ones
        if outcome is Outcome.STOP
        or review.gate == gate.value
        or (to_stage and outcome is Outcome.RECYCLE and Gate(review.gate).stage.order >= to_stage.order)
    ]
    for review in closed:
        close_review(review, "withdrawn", at)
    return [review.id for review in closed]


@by_its_guide
def choose_tier(
    session: Session, *, by: Actor, at: datetime, guide: Guide, project_id: int, tier: int, reason: str
) -> int:
    """An approver's consent to another tier than the points propose; returns its id.

    Answers that say the tier (R21, D33) stay with the team; this is what makes them acceptable.
    """
    require_on_project(session, "gates.choose_tier", by, project_id)
    open_project(session, project_id)
    if not 1 <= tier <= HIGHEST_TIER:
        raise Invalid({"tier": say("Choose a tier from 1 to {highest}.", highest=HIGHEST_TIER)})
    reason = tidy(
        "reason", reason, required=say("Say why this tier fits better than the one the points propose.")
    )
    facts = facts_now(session, project_id, guide, at)
    refuse(may_choose_tier(facts, guide, tier, by))
    proposal = propose(facts, guide)
    proposed = proposal.tier if proposal else tier
    choice = TierChoice(
        project_id=project_id,
        tier=tier,
        proposed=proposed,
        reason=reason,
        approver=by.key,
        at=at,
        by_key=by.key,
    )
    session.add(choice)
    session.flush()
    detail = {"choice": choice.id, "proposed": proposed, "reason": reason}
    record_change(session, EventAction.TIER_CHOSEN, project_id, f"tier:{tier}", detail, by, at, guide)
    return choice.id or 0


# ---------------------------------------------------------------- conditions


@by_its_guide
def add_condition(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    gate: Gate,
    text: str,
    owner: str,
    due_on: date,
) -> int:
    """Something the gate asks for beside any one decision; returns its id."""
    require_on_project(session, "gates.add_condition", by, project_id)
    open_project(session, project_id)
    today = facts_now(session, project_id, guide, at).today
    text, owner, due_on = tidy_condition(text, owner, due_on, today)
    condition = Condition(
        project_id=project_id,
        gate=gate.value,
        text=text,
        owner=owner,
        due_on=due_on,
        created_at=at,
        created_by=by.key,
    )
    session.add(condition)
    session.flush()
    detail = {"text": text, "owner": owner, "due_on": due_on}
    _record_condition(session, EventAction.CONDITION_ADDED, condition, detail, by, at, guide)
    return condition.id or 0


@by_its_guide
def meet_condition(
    session: Session, *, by: Actor, at: datetime, guide: Guide, condition_id: int, proof: str
) -> None:
    """Say that a condition is met, and where that shows. Whoever set it can open it again."""
    condition = _condition(session, condition_id)
    require_on_project(session, "gates.meet_condition", by, condition.project_id)
    open_project(session, condition.project_id)
    _refuse_closed(condition)
    proof = tidy("proof", proof, required=say("Say what shows that it is met, or link to it."))
    if _LOOKS_LIKE_A_LINK.match(proof) and (problem := link_problem(proof)):
        raise Invalid({"proof": problem})
    condition.proof = proof
    condition.state, condition.met_at, condition.met_by = "met", at, by.key
    condition.revision += 1
    detail = {"proof": condition.proof}
    _record_condition(session, EventAction.CONDITION_MET, condition, detail, by, at, guide)


@by_its_guide
def reopen_condition(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    condition_id: int,
    reason: str,
    due_on: date | None = None,
) -> None:
    """The proof does not show it: what was said to be met is owed again, by a new day where the old has passed.

    Only the role that set the condition may say so, whoever set it, or an approver.
    """
    condition = _condition(session, condition_id)
    require_on_project(session, "gates.reopen_condition", by, condition.project_id)
    open_project(session, condition.project_id)
    if condition.state != "met":
        text = say(_NOT_MET[condition.state])
        raise Refused(Blocker("not_met", text, gate=Gate(condition.gate)))
    _refuse_others(session, condition, by, mark("Only {who} or an approver can open this condition again."))
    today = facts_now(session, condition.project_id, guide, at).today
    refuse_past("due date", due_on, today)
    if due_on is None and condition.due_on < today:
        raise Invalid({"due date": say("Its day has passed. Say by when it has to be met now.")})
    reason = tidy("reason", reason, required=say("Say what the proof does not show."))
    before = {"proof": condition.proof, "met_by": condition.met_by, "due_on": condition.due_on}
    condition.state, condition.met_at, condition.met_by, condition.proof = "open", None, None, ""
    condition.due_on = due_on or condition.due_on
    condition.revision += 1
    detail = {"reason": reason, "due_on": condition.due_on, "before": before}
    _record_condition(session, EventAction.CONDITION_REOPENED, condition, detail, by, at, guide)


@by_its_guide
def withdraw_condition(
    session: Session, *, by: Actor, at: datetime, guide: Guide, condition_id: int, reason: str
) -> None:
    """No longer asked for: only the role that set it may say so, or an approver."""
    condition = _condition(session, condition_id)
    require_on_project(session, "gates.withdraw_condition", by, condition.project_id)
    open_project(session, condition.project_id)
    _refuse_closed(condition)
    _refuse_others(session, condition, by, mark("Only {who} or an approver can withdraw this condition."))
    reason = tidy("reason", reason, required=say("Say why it is no longer asked for."))
    drop_condition(condition, reason)
    _record_condition(session, EventAction.CONDITION_WITHDRAWN, condition, {"reason": reason}, by, at, guide)


def _condition(session: Session, condition_id: int) -> Condition:
    condition = session.get(Condition, condition_id)
    if condition is None:
        raise NotFound(say("condition"), condition_id)
    return condition


def _refuse_others(session: Session, condition: Condition, by: Actor, sentence: str) -> None:
    """What a condition asks for is judged by the role that set it, whoever set it, or an approver."""
    held = project_roles(session, condition.project_id, by.key)
    set_by = Role(condition.role) if condition.role else None
    if Role.APPROVER not in held and set_by not in held and condition.created_by != by.key:
        who = set_by.title if set_by else say("whoever set it")
        text = say(sentence, who=who)
        raise Refused(Blocker("wrong_role", text, role=set_by, gate=Gate(condition.gate)))


def _refuse_closed(condition: Condition) -> None:
    if condition.state != "open":
        text = say(_CLOSED[condition.state])
        raise Refused(Blocker("closed", text, gate=Gate(condition.gate)))


# ---------------------------------------------------------------- waivers and reasons


@by_its_guide
def waive(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    check_id: str,
    gate: Gate,
    mitigation: str,
    expires_on: date,
) -> int:
    """Accept a block that fails or cannot tell, for at most a year; returns the waiver's id.

    Raises Refused with the blockers of `rules.checks.waivers.may_waive`: the check names who may.
    """
    require_on_project(session, "gates.waive", by, project_id)
    open_project(session, project_id)
    _known_check(guide, check_id)
    facts = facts_now(session, project_id, guide, at)
    refuse(may_waive(facts, evaluate(facts, guide, gate), check_id, by, expires_on))
    if expires_on > facts.today + LONGEST_WAIVER:
        raise Invalid({"expiry": say("A waiver lasts at most a year. It can be given again then.")})
    mitigation = tidy("mitigation", mitigation, required=say("Say what is done about the risk meanwhile."))
    waiver = Waiver(
        project_id=project_id,
        check_id=check_id,
        gate=gate.value,
        approver=by.key,
        mitigation=mitigation,
        expires_on=expires_on,
        at=at,
        by_key=by.key,
    )
    session.add(waiver)
    session.flush()
    detail = {"waiver": waiver.id, "gate": gate, "mitigation": mitigation, "expires_on": expires_on}
    record_change(session, EventAction.CHECK_WAIVED, project_id, f"check:{check_id}", detail, by, at, guide)
    return waiver.id or 0


@by_its_guide
def revoke_waiver(
    session: Session, *, by: Actor, at: datetime, guide: Guide, waiver_id: int, reason: str
) -> None:
    """The check counts again from now on. Whoever could have given the waiver may revoke it."""
    waiver = session.get(Waiver, waiver_id)
    if waiver is None:
        raise NotFound(say("waiver"), waiver_id)
    require_on_project(session, "gates.revoke_waiver", by, waiver.project_id)
    open_project(session, waiver.project_id)
    role = guide.checks_by_id[waiver.check_id].waived_by if waiver.check_id in guide.checks_by_id else None
    held = project_roles(session, waiver.project_id, by.key)
    if waiver.revoked_at is not None:
        raise Refused(Blocker("closed", say("This waiver was revoked already."), gate=Gate(waiver.gate)))
    if waiver.by_key != by.key and not held & {role, Role.APPROVER}:
        who = role.title if role else say("whoever gave it")
        text = say("Only {who} or an approver can revoke this waiver.", who=who)
        raise Refused(Blocker("wrong_role", text, role=role, gate=Gate(waiver.gate)))
    reason = tidy("reason", reason, required=say("Say why the waiver ends."))
    waiver.revoked_at = at
    detail = {"waiver": waiver.id, "reason": reason}
    subject = f"check:{waiver.check_id}"
    record_change(session, EventAction.WAIVER_REVOKED, waiver.project_id, subject, detail, by, at, guide)


@by_its_guide
def give_reason(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    check_id: str,
    reason: str,
    gate: Gate | None = None,
) -> None:
    """Why the product manager goes on despite a warning; it lapses when an input of the check changes."""
    require_on_project(session, "gates.give_reason", by, project_id)
    open_project(session, project_id)
    _known_check(guide, check_id)
    facts = facts_now(session, project_id, guide, at)
    states = evaluate(facts, guide, gate)
    refuse(may_reason(facts, states, check_id, by))
    reason = tidy("reason", reason, required=say("Say why you go on."))
    warned = [
        state
        for state in states
        if (state.check_id, state.severity, state.result) == (check_id, Severity.WARNING, CheckResult.FAILS)
    ]
    inputs = list(dict.fromkeys(state.inputs_digest for state in warned))
    for inputs_digest in inputs:
        session.add(
            WarningReason(
                project_id=project_id,
                check_id=check_id,
                reason=reason,
                inputs_digest=inputs_digest,
                at=at,
                by_key=by.key,
            )
        )
    detail = {
        "reason": reason,
        "inputs": inputs,
        "said": _in_english(warned, facts, guide),
    }
    record_change(
        session, EventAction.WARNING_REASONED, project_id, f"check:{check_id}", detail, by, at, guide
    )


def _in_english(states: Sequence[CheckState], facts: ProjectFacts, guide: Guide) -> list[str]:
    """What they say, as the log keeps it whoever reads."""
    with speaking(ENGLISH):
        english = [said_again(state, facts, guide.as_written) for state in states]
    return [text for state in english for text in state.messages]


def _known_check(guide: Guide, check_id: str) -> None:
    if check_id not in guide.checks_by_id:
        raise NotFound(say("check"), check_id)


# ---------------------------------------------------------------- events


def _record_condition(
    session: Session,
    action: EventAction,
    condition: Condition,
    detail: Mapping[str, object],
    by: Actor,
    at: datetime,
    guide: Guide,
) -> None:
    detail = {"gate": condition.gate, "role": condition.role, **detail}
    record_change(session, action, condition.project_id, f"condition:{condition.id}", detail, by, at, guide)
