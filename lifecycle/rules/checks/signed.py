"""Sign-offs that hold now, for the rules that wait for one."""

from __future__ import annotations

from lifecycle.rules.checks.reading import Reading
from lifecycle.rules.project_facts import SignOffFact
from lifecycle.rules.signoffs import stale_keys
from lifecycle.vocabulary import Act, Gate, Role


def valid_sign_off(reading: Reading, gate: Gate, role: Role) -> SignOffFact | None:
    """The role's last decision at the gate, if it is favourable and nothing it rests on has changed since."""
    decided = [each for each in reading.facts.sign_offs if (each.gate, each.role) == (gate, role)]
    if not decided or not decided[-1].decision.is_favourable or decided[-1].invalidations:
        return None
    return None if stale_keys(reading.facts, reading.guide, decided[-1]) else decided[-1]


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
