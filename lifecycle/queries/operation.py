"""How a live product is run: its next review and the evidence for it, who can use it, what changes, its end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.events import EventAction, project_chain
from lifecycle.facts.dated_answers import dated_answers
from lifecycle.facts.editions import by_its_guide, facts_of, guides_of
from lifecycle.facts.known import known_project
from lifecycle.facts.people import project_roles
from lifecycle.facts.projects import organisation_today
from lifecycle.facts.releases import (
    incident_facts,
    incident_facts_of,
    release_facts,
    release_facts_of,
    watched_facts,
)
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.queries import projects
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.wording import all_names
from lifecycle.rules.delivery import measure
from lifecycle.rules.gates import may_decide_gate
from lifecycle.rules.operation import (
    Enablement,
    Ending,
    Finding,
    Reads,
    ReviewCycle,
    Verdict,
    enablement,
    ending,
    findings,
    review_cycle,
    triggers_of,
)
from lifecycle.rules.permissions import may
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.surroundings import ChangeEntry, DayAhead, change_entries, days_ahead
from lifecycle.store.tables import (
    Event,
    GateDecision,
    Membership,
    Project,
    Retirement,
)
from lifecycle.vocabulary import Actor, Blocker, Gate, Outcome, ProjectStatus, Role, Stage

ACTIONS = (
    "operation.conclude_review",
    "operation.retire",
    "surroundings.note_change",
    "surroundings.assess_change",
)
SOON = timedelta(days=30)
_REVIEWS = (Role.PRODUCT_MANAGER, Role.APPROVER, Role.BUSINESS)


@dataclass(frozen=True, slots=True)
class PastReview:
    """An Operate review as it was concluded, with the evidence it looked at."""

    at: datetime
    who: str
    outcome: Outcome
    reason: str
    to_stage: Stage | None
    evidence: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class RetirementView:
    at: datetime
    who: str
    reason: str
    told: tuple[tuple[str, str], ...]
    downstream: str
    records_until: date
    lessons: str


@dataclass(frozen=True, slots=True)
class OperationView:
    """`cycle` is None while the product is not live; `against` says why each verdict cannot be recorded."""

    project: ProjectHead
    today: date
    cycle: ReviewCycle | None
    findings: tuple[Finding, ...]
    against: Mapping[Verdict, tuple[Blocker, ...]]
    past: tuple[PastReview, ...]
    enablement: Enablement
    changes: tuple[ChangeEntry, ...]
    kinds: Mapping[str, str]  # of changes, as the guide words them
    uses: Mapping[str, str]  # R20/r1 -> the use
    days: tuple[DayAhead, ...]
    ending: Ending
    retirement: RetirementView | None
    may: frozenset[str]


@by_its_guide
def view(session: Session, *, by: Actor, at: datetime, guide: Guide, key: str) -> OperationView:
    """Raises NotFound for a project that does not exist or that this person may not read."""
    head = projects.head(session, key=key, by=by, at=at)
    today = organisation_today(session, at)
    facts = known_project(session, head.id, guide=guide, today=today).facts
    known, incidents = release_facts(session, head.id), incident_facts(session, head.id)
    cycle = review_cycle(facts, guide, triggers_of(known, incidents))
    names = all_names(session)
    since = cycle.last_on if cycle else facts.live_since or today
    return OperationView(
        project=head,
        today=today,
        cycle=cycle,
        findings=findings(
            facts, guide, measure(known, incidents, at), incidents, since, watched_facts(session, head.id)
        ),
        against={verdict: _against(facts, guide, verdict, by) for verdict in Verdict},
        past=_past(session, head.id, names),
        enablement=enablement(facts, guide),
        changes=change_entries(facts, guide),
        kinds=dict(guide.field("P10").part("kind").choices) if "P10" in guide.fields else {},
        uses=_uses(facts),
        days=days_ahead(facts),
        ending=ending(facts, guide),
        retirement=_retirement(session, head.id, names),
        may=frozenset(
            action
            for action in ACTIONS
            if head.is_open and may(action, by, project_roles(session, head.id, by.key))
        ),
    )


def _against(facts: ProjectFacts, guide: Guide, verdict: Verdict, by: Actor) -> tuple[Blocker, ...]:
    """What is not for the form to say: a reason and a stage are given in it."""
    return may_decide_gate(
        facts, guide, Gate.OPERATE, verdict.outcome, by, reason="given", to_stage=Stage.DISCOVERY
    )


def _uses(facts: ProjectFacts) -> dict[str, str]:
    fact = facts.answer("R20")
    rows = fact.value if fact and isinstance(fact.value, tuple) else ()
    return {f"R20/{row['id']}": str(row.get("use") or "") for row in rows if row.get("use")}


# ---------------------------------------------------------------- what was decided


def _past(session: Session, project_id: int, names: Mapping[str, str]) -> tuple[PastReview, ...]:
    """Newest first. The evidence stands in the event of the decision."""
    decisions = session.execute(
        select(GateDecision)
        .where(col(GateDecision.project_id) == project_id, col(GateDecision.gate) == Gate.OPERATE.value)
        .order_by(col(GateDecision.id).desc())
    ).scalars()
    told = session.execute(
        select(col(Event.detail)).where(
            col(Event.chain) == project_chain(project_id),
            col(Event.action) == EventAction.GATE_DECIDED.value,
            col(Event.subject) == f"gate:{Gate.OPERATE}",
        )
    ).scalars()
    details = {detail.get("decision"): detail for detail in map(json.loads, told)}
    return tuple(_past_review(row, details.get(row.id) or {}, names) for row in decisions)


def _past_review(row: GateDecision, detail: Mapping[str, Any], names: Mapping[str, str]) -> PastReview:
    return PastReview(
        at=row.at,
        who=names.get(row.by_key, row.printed_name),
        outcome=Outcome(row.outcome),
        reason=row.reason,
        to_stage=Stage(row.to_stage) if row.to_stage else None,
        evidence=tuple(
            Finding(title, planned, now, Reads(reads))
            for title, planned, now, reads in detail.get("evidence") or ()
        ),
    )


def _retirement(session: Session, project_id: int, names: Mapping[str, str]) -> RetirementView | None:
    row = session.execute(
        select(Retirement)
        .where(col(Retirement.project_id) == project_id)
        .order_by(col(Retirement.id).desc())
        .limit(1)
    ).scalar_one_or_none()
    if row is None:
        return None
    return RetirementView(
        at=row.at,
        who=names.get(row.by_key) or say("somebody erased"),
        reason=row.reason,
        told=tuple((name, on) for name, on in json.loads(row.told)),
        downstream=row.downstream,
        records_until=row.records_until,
        lessons=row.lessons,
    )


# ---------------------------------------------------------------- what is due, for one person


@dataclass(frozen=True, slots=True)
class DueReview:
    """An Operate review of a product that this person has a say in: due now, or within a month."""

    project_key: str
    project_name: str
    due_on: date
    because: tuple[str, ...]


def due_reviews(session: Session, *, by: Actor, at: datetime, guide: Guide) -> tuple[DueReview, ...]:
    """Of live products on which they are product manager, approver or business owner; those due now first."""
    today = organisation_today(session, at)
    found = session.execute(
        select(col(Project.id), col(Project.key), col(Project.name))
        .join(Membership, col(Membership.project_id) == col(Project.id))
        .where(
            col(Membership.person_key) == by.key,
            col(Membership.ended_at).is_(None),
            col(Membership.role).in_([role.value for role in _REVIEWS]),
            col(Project.gate) == Gate.OPERATE.value,
            col(Project.status) == ProjectStatus.LIVE.value,
            col(Project.archived_at).is_(None),
        )
        .distinct()
    ).all()
    ids = [row.id for row in found]
    guides = guides_of(session, guide, ids)
    facts = facts_of(session, ids, today=today, guide=guide)
    released = release_facts_of(session, [row.id for row in found])
    happened = incident_facts_of(session, [row.id for row in found])
    due = []
    for row in found:
        triggers = triggers_of(released.get(row.id, ()), happened.get(row.id, ()))
        cycle = review_cycle(facts[row.id], guides[row.id], triggers)
        if cycle and (cycle.is_due or cycle.due_on <= today + SOON):
            due.append(DueReview(row.key, row.name, cycle.due_on, cycle.because))
    return tuple(sorted(due, key=lambda each: (not each.because, each.due_on, each.project_name)))


# ---------------------------------------------------------------- the days ahead of the whole portfolio


@dataclass(frozen=True, slots=True)
class PortfolioDay:
    """A day on which something around a project ends, changes or is due."""

    on: date
    project_key: str
    project_name: str
    kind: str  # as in the outbox: agreement.ends, change.expected, operate_review.due
    what: str


def days_of_portfolio(
    session: Session, *, by: Actor, at: datetime, within_days: int
) -> tuple[PortfolioDay, ...]:
    """Of the projects under way that this person may read, by day; what passed within a month stays."""
    today = organisation_today(session, at)
    first, last = today - SOON, today + timedelta(days=within_days)
    under_way = (
        col(Project.archived_at).is_(None),
        col(Project.status).not_in((ProjectStatus.STOPPED.value, ProjectStatus.RETIRED.value)),
        (col(Project.origin) != "register") | col(Project.adopted_at).is_not(None),
        col(Project.id).in_(projects.readable_ids(by)),
    )
    names = {
        row.id: row
        for row in session.execute(
            select(col(Project.id), col(Project.key), col(Project.name)).where(*under_way)
        )
    }
    found = [
        PortfolioDay(each.on, names[each.project_id].key, names[each.project_id].name, each.kind, each.what)
        for each in dated_answers(session, select(col(Project.id)).where(*under_way))
        if first <= each.on <= last
    ]
    return tuple(sorted(found, key=lambda each: (each.on, each.project_name, each.what)))
