"""Which sign-offs rest on one answer: what whoever is about to change it has to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from lifecycle.guide import Guide
from lifecycle.rules.project_facts import SignOffFact
from lifecycle.vocabulary import Act, Gate, Role


@dataclass(frozen=True, slots=True)
class Covering:
    """The sign-off of a role at a gate that relies on the answer. `holds`: the answer is as it was signed.

    `person` is named where several people have signed in one role.
    """

    gate: Gate
    role: Role
    holds: bool
    person: str = ""


def covering(sign_offs: Iterable[SignOffFact], guide: Guide, key: str, content: str) -> tuple[Covering, ...]:
    """The favourable sign-offs that rely on the answer under `key`, by gate and role.

    `sign_offs` are those that count (`signoffs.counting_sign_offs`); `content` is the digest of the answer as it is
    now, "" while there is none. Opinions bind nobody. Where a later gate's sign-off of the same role has seen the
    answer as it is now, the earlier one is left out: it need not be affirmed.
    """
    counted = tuple(sign_offs)
    people = Counter((fact.gate, fact.role) for fact in counted)
    found = [
        Covering(
            fact.gate,
            fact.role,
            fact.covered.get(key, "") == content,
            fact.printed_name if people[fact.gate, fact.role] > 1 else "",
        )
        for fact in counted
        if fact.decision.is_favourable and fact.act is not Act.CONSULT and _relies_on(guide, fact, key)
    ]
    current = [one for one in found if one.holds or not any(_has_seen(later, one) for later in found)]
    return tuple(sorted(current, key=lambda one: (one.gate.order, list(Role).index(one.role))))


def _relies_on(guide: Guide, fact: SignOffFact, key: str) -> bool:
    return key in fact.covered or key.partition("@")[0] in guide.relied_on(fact.gate, fact.role)


def _has_seen(later: Covering, earlier: Covering) -> bool:
    return later.holds and later.role is earlier.role and later.gate.order > earlier.gate.order
