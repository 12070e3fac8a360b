"""Who may choose another risk tier than the points propose."""

from __future__ import annotations

from lifecycle.guide import Guide
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.signoffs import is_product_manager
from lifecycle.rules.tiers import propose
from lifecycle.vocabulary import Actor, Blocker, Role

HIGHEST_TIER = 4


def may_choose_tier(facts: ProjectFacts, guide: Guide, tier: int, actor: Actor) -> tuple[Blocker, ...]:
    """Why `actor` may not choose this tier: that takes an approver of at least it and of the proposed one."""
    proposal = propose(facts, guide)
    if proposal is None:
        wanted = ", ".join(guide.tiers.needed)
        text = f"The points propose no tier yet. Answer {wanted} first."
        return (Blocker("no_proposal", text, fields=guide.tiers.needed, role=Role.APPROVER),)
    proposed = proposal.tier
    needed = max(tier, proposed)
    held = [
        member.approval_level
        for member in facts.members
        if (member.person_key, member.role) == (actor.key, Role.APPROVER)
    ]
    if is_product_manager(facts, actor.key):
        text = "The product manager cannot choose the tier of their own project."
        return (Blocker("own_work:product_manager", text, role=Role.APPROVER),)
    if max(held, default=0) < needed:
        text = (
            f"Choosing tier {tier} where the points propose {proposed} needs an approver of level {needed}."
        )
        return (Blocker("level_too_low", text, role=Role.APPROVER),)
    if tier == proposed and facts.tier_choice in (None, tier):
        text = f"The points propose tier {proposed} anyway; there is nothing to choose."
        return (Blocker("as_proposed", text, role=Role.APPROVER),)
    return ()
