"""Sign-offs that hold now, for the rules that wait for one."""

from __future__ import annotations

from lifecycle.rules.checks.reading import Reading
from lifecycle.rules.project_facts import SignOffFact
from lifecycle.rules.signoffs import current_sign_offs, has_lost_ground, sign_off_status
from lifecycle.vocabulary import Act, Gate, Role


def valid_sign_offs(reading: Reading, gate: Gate, role: Role) -> tuple[SignOffFact, ...]:
    """The role's decisions that count at the gate, are favourable and rest on what has not changed since."""
    return tuple(
        made
        for made in current_sign_offs(reading.facts, reading.guide, gate, role)
        if made.decision.is_favourable and not has_lost_ground(reading.facts, reading.guide, made)
    )


def roles_still_to_sign(reading: Reading) -> tuple[Role, ...]:
    """Roles that some gate up to Launch asks for a decision and that have none there which holds.

    Opinions and the re-attestations that are asked for only after a change are not waited for.
    """
    waiting: list[Role] = []
    for gate in Gate:
        if gate.order > Gate.LAUNCH.order:
            continue
        for review in reading.guide.reviews(gate, tier=reading.facts.tier):
            if review.act is Act.CONSULT or review.only_when_stale or review.role in waiting:
                continue
            if not sign_off_status(reading.facts, reading.guide, gate, review.role).is_valid:
                waiting.append(review.role)
    return tuple(waiting)
