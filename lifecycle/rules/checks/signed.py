"""Sign-offs that hold now, for the rules that wait for one."""

from __future__ import annotations

from lifecycle.rules.checks.reading import Reading
from lifecycle.rules.project_facts import AnswerFact, ProjectFacts, SignOffFact
from lifecycle.vocabulary import Act, Gate, Role


def valid_sign_off(facts: ProjectFacts, gate: Gate, role: Role) -> SignOffFact | None:
    """The role's last decision at the gate, if it is favourable and nothing it rests on has changed since."""
    decided = [sign_off for sign_off in facts.sign_offs if (sign_off.gate, sign_off.role) == (gate, role)]
    if not decided or not decided[-1].decision.is_favourable or decided[-1].invalidations:
        return None
    unchanged = all(_content(facts, key) == digest for key, digest in decided[-1].covered.items())
    return decided[-1] if unchanged else None


def _content(facts: ProjectFacts, key: str) -> str:
    """The digest of what stands under a key such as `D14` or `X07@3` now."""
    field_id, _, source_id = key.partition("@")
    fact: AnswerFact | None = facts.answers.get(field_id)
    if source_id:
        sources = {str(source.id): source for source in facts.sources}
        fact = sources[source_id].answers.get(field_id) if source_id in sources else None
    return fact.content if fact else ""


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
            if valid_sign_off(reading.facts, gate, review.role) is None:
                waiting.append(review.role)
    return tuple(waiting)
