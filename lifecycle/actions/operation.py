"""Operate reviews and the end of a product, both through the Operate gate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlmodel import Session

from lifecycle.actions import gates
from lifecycle.actions.projects import open_project
from lifecycle.actions.signing import facts_now, refuse, tidy
from lifecycle.canonical import canonical_json
from lifecycle.errors import Invalid
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.people import require_on_project
from lifecycle.facts.releases import incident_facts, release_facts, watched_facts
from lifecycle.guide import Guide
from lifecycle.language import ENGLISH, say, speaking
from lifecycle.rules.delivery import measure
from lifecycle.rules.gates import may_decide_gate
from lifecycle.rules.operation import Verdict, findings, may_retire, review_cycle
from lifecycle.store.tables import Retirement
from lifecycle.vocabulary import Actor, Gate, Outcome, Stage


@by_its_guide
def conclude_review(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    verdict: Verdict,
    reason: str = "",
    to_stage: Stage | None = None,
) -> int:
    """Re-approve, restrict or send back, with the evidence as it is now; returns the gate decision's id.

    A restriction says in `reason` what the product is limited to. Raises Refused with the blockers of the Operate
    gate. A product is ended by `retire`.
    """
    require_on_project(session, "operation.conclude_review", by, project_id)
    if verdict is Verdict.RETIRE:
        raise Invalid({"outcome": say("Retiring it also asks who was told and what was learned.")})
    if verdict is Verdict.RESTRICT:
        reason = tidy("reason", reason, required=say("Say what it is limited to from now on."))
    return gates.decide(
        session,
        by=by,
        at=at,
        guide=guide,
        project_id=project_id,
        gate=Gate.OPERATE,
        outcome=verdict.outcome,
        reason=reason,
        to_stage=to_stage,
        kept={"evidence": _evidence(session, project_id, guide, at)},
    )


@by_its_guide
def retire(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    reason: str,
    told: Mapping[str, date | None],
    downstream: str,
    records_until: date | None,
    lessons: str,
) -> int:
    """End a live product; returns the gate decision's id.

    `told` gives for everybody who uses its output the day on which they heard of it. Raises Refused with the
    blockers of `rules.operation.may_retire` and of the gate.
    """
    require_on_project(session, "operation.retire", by, project_id)
    open_project(session, project_id)
    reason = tidy("reason", reason, required=say("Say why it ends."))
    downstream = tidy(
        "downstream", downstream, required=say("Say what was checked of those who use its output.")
    )
    lessons = tidy("lessons", lessons, required=say("Say what the next team should know."))
    facts = facts_now(session, project_id, guide, at)
    told = {" ".join(tidy("told", name).split()): on for name, on in told.items()}
    refuse(
        (
            *may_decide_gate(facts, guide, Gate.OPERATE, Outcome.STOP, by, reason=reason),
            *may_retire(facts, guide, told, records_until),
        )
    )
    row = Retirement(
        project_id=project_id,
        reason=reason,
        told=canonical_json([[name, on] for name, on in told.items()]),
        downstream=downstream,
        records_until=records_until or facts.today,
        lessons=lessons,
        at=at,
        by_key=by.key,
    )
    evidence = _evidence(session, project_id, guide, at)
    session.add(row)
    session.flush()
    return gates.decide(
        session,
        by=by,
        at=at,
        guide=guide,
        project_id=project_id,
        gate=Gate.OPERATE,
        outcome=Outcome.STOP,
        reason=reason,
        kept={"evidence": evidence, "retirement": row.id},
    )


def _evidence(session: Session, project_id: int, guide: Guide, at: datetime) -> list[list[str]]:
    """What the review looked at, kept in the event so that it can be read back as it was: in English."""
    with speaking(ENGLISH):
        facts = facts_now(session, project_id, guide, at)
        cycle = review_cycle(facts, guide)
        incidents = incident_facts(session, project_id)
        metrics = measure(release_facts(session, project_id), incidents, at)
        since = cycle.last_on if cycle else facts.today
        watched = watched_facts(session, project_id)
        return [
            [each.title, each.planned, each.now, each.reads.value]
            for each in findings(facts, guide.as_written, metrics, incidents, since, watched)
        ]
