"""Sign-offs that hold now, for the rules that wait for one."""

from __future__ import annotations

from lifecycle.rules.checks.reading import Reading
from lifecycle.rules.project_facts import SignOffFact
from lifecycle.rules.signoffs import current_sign_off, is_stale
from lifecycle.vocabulary import Act, Gate, Role


def valid_sign_off(reading: Reading, gate: Gate, role: Role) -> SignOffFact | None:
    """The role's newest decision at the gate, if it is favourable and nothing it rests on has changed since."""
    newest = current_sign_off(reading.facts, gate, role)
    if newest is None or not newest.decision.is_favourable:
        return None
    return None if is_stale(reading.facts, reading.guide, newest) else newest


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
            if valid_sign_off(reading, gate, review.role) is None:
                waiting.append(review.role)
    return tuple(waiting)
