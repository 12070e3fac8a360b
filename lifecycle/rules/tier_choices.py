"""Who may choose another risk tier than the points propose, and where a lower one was taken without that."""

from __future__ import annotations

from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.signoffs import is_developer, is_product_manager
from lifecycle.rules.tiers import propose
from lifecycle.vocabulary import Actor, Area, Blocker, Gate, Role

HIGHEST_TIER = 4
TIER_CODE = "tier:not_chosen"


def may_choose_tier(facts: ProjectFacts, guide: Guide, tier: int, actor: Actor) -> tuple[Blocker, ...]:
    """Why `actor` may not choose this tier: that takes an approver of at least it and of the proposed one."""
    proposal = propose(facts, guide)
    if proposal is None:
        wanted = ", ".join(guide.tiers.needed)
        text = say("The points propose no tier yet. Answer {questions} first.", questions=wanted)
        return (Blocker("no_proposal", text, fields=guide.tiers.needed, role=Role.APPROVER),)
    proposed = proposal.tier
    needed = max(tier, proposed)
    held = [
        member.approval_level
        for member in facts.members
        if (member.person_key, member.role) == (actor.key, Role.APPROVER)
    ]
    if is_product_manager(facts, actor.key):
        text = say("The product manager cannot choose the tier of their own project.")
        return (Blocker("own_work:product_manager", text, role=Role.APPROVER),)
    if is_developer(facts, actor):
        text = say("You are a developer of this model (M15) and cannot choose its tier.")
        return (Blocker("own_work:developer", text, fields=("M15",), role=Role.APPROVER),)
    if max(held, default=0) < needed:
        text = say(
            "Choosing tier {tier} where the points propose {proposed} needs an approver of level {needed}.",
            tier=tier,
            proposed=proposed,
            needed=needed,
        )
        return (Blocker("level_too_low", text, role=Role.APPROVER),)
    if tier == proposed and facts.tier_choice in (None, tier):
        text = say(
            "The points propose tier {proposed} anyway; there is nothing to choose.", proposed=proposed
        )
        return (Blocker("as_proposed", text, role=Role.APPROVER),)
    return ()


def tier_not_consented(facts: ProjectFacts, guide: Guide, gate: Gate) -> Blocker | None:
    """A confirmed tier below the proposed one that no approver chose; None where there is nothing to say.

    A team may always take more care than the points ask for. Taking less counts from the Design gate on, where the
    tier is confirmed (R21); before it is provisional.
    """
    if facts.tier is None or gate.order < Gate.DESIGN.order:
        return None
    if facts.tier_choice is not None and facts.tier_choice <= facts.tier:
        return None
    proposal = propose(facts, guide)
    if proposal is None or facts.tier >= proposal.tier:
        return None
    text = say(
        "The points propose tier {proposed} and the project goes by tier {tier}. An approver "
        "of level {proposed} has to choose that, with a reason; or correct the tier.",
        proposed=proposal.tier,
        tier=facts.tier,
    )
    return Blocker(TIER_CODE, text, Area.CHECKS, fields=("R21",), role=Role.APPROVER, gate=gate)
