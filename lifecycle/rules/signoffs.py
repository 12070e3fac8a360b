"""Whether a decision still stands on what its signer saw."""

from __future__ import annotations

from lifecycle.guide import Guide
from lifecycle.rules.project_facts import ProjectFacts, SignOffFact


def stale_keys(facts: ProjectFacts, guide: Guide, sign_off: SignOffFact) -> tuple[str, ...]:
    """Keys (`D14`, `X07@3`) whose content differs from what the decision was bound to, in guide order.

    A key that has come or gone since counts as changed; content put back as it was does not.
    """
    relied_on = guide.relied_on(sign_off.gate, sign_off.role)
    now = {key: fact.content if fact else "" for key, fact in facts.content_keys(relied_on)}
    keys = {**now, **sign_off.covered}
    return tuple(key for key in keys if now.get(key) != sign_off.covered.get(key))
