"""What the checks say about a project, in words and with the places they read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lifecycle.language import say
from lifecycle.queries.wording import Place, Wording
from lifecycle.rules.checks.evaluation import CheckState
from lifecycle.rules.checks.waivers import may_reason, may_waive
from lifecycle.vocabulary import Actor, Blocker, CheckResult, Gate, Role, Severity


@dataclass(frozen=True, slots=True)
class FindingView:
    """One branch of a check at a gate. `sentences` say what is wrong, or what is wanting to tell.

    `not_waivable` and `not_reasonable` are why this person may not accept it; None where that does not arise.
    """

    check_id: str
    branch: str
    title: str
    why: str
    result: CheckResult
    severity: Severity  # enforced, or what it will be from `first_gate` on
    is_enforced: bool
    first_gate: Gate
    sentences: tuple[str, ...]
    places: tuple[Place, ...]
    missing: tuple[Place, ...]
    waived_by: Role
    waived_until: str
    mitigation: str
    reason: str
    blocks: bool
    not_waivable: tuple[Blocker, ...] | None
    not_reasonable: tuple[Blocker, ...] | None

    @property
    def is_accepted(self) -> bool:
        """Waived or reasoned: counts as settled although it does not pass."""
        return bool(self.waived_until or self.reason)


def findings(
    states: Iterable[CheckState], wording: Wording, by: Actor | None = None
) -> tuple[FindingView, ...]:
    """All of them, gravest first: what fails, what cannot be told, what passes; enforced before advice.

    With `by` each says whether this person may accept it.
    """
    states = tuple(states)
    found = [_finding(state, states, wording, by) for state in states]
    return tuple(sorted(found, key=_rank))


def touching(found: Iterable[FindingView], keys: Iterable[str]) -> tuple[FindingView, ...]:
    """Those that read one of these keys, or miss it."""
    wanted = set(keys) | {key.partition("@")[0] for key in keys}
    return tuple(
        item
        for item in found
        if any(place.key in wanted or place.field_id in wanted for place in (*item.places, *item.missing))
    )


_ORDER = {CheckResult.FAILS: 0, CheckResult.CANNOT_TELL: 1, CheckResult.PASSES: 2}


def _rank(item: FindingView) -> tuple[int, bool, bool, int, str]:
    return (_ORDER[item.result], item.is_accepted, not item.is_enforced, -item.severity.weight, item.check_id)


def _finding(
    state: CheckState, states: tuple[CheckState, ...], wording: Wording, by: Actor | None
) -> FindingView:
    spec = wording.guide.checks_by_id.get(state.check_id)
    missing = wording.places(state.missing)
    return FindingView(
        check_id=state.check_id,
        branch=state.branch,
        title=state.title,
        why=spec.why if spec else "",
        result=state.result,
        severity=state.severity or state.advice_severity,
        is_enforced=state.enforced,
        first_gate=state.first_gate,
        sentences=_sentences(state, [place.title for place in missing]),
        places=wording.places(state.fields),
        missing=missing,
        waived_by=state.waived_by,
        waived_until=state.waived.expires_on.isoformat() if state.waived else "",
        mitigation=state.waived.mitigation if state.waived else "",
        reason=state.reasoned or "",
        blocks=state.blocks,
        not_waivable=_not_waivable(state, states, wording, by),
        not_reasonable=_not_reasonable(state, states, wording, by),
    )


def _sentences(state: CheckState, missing: list[str]) -> tuple[str, ...]:
    if state.result is CheckResult.CANNOT_TELL:
        return (
            say("Cannot tell until {missing} is known.", missing=", ".join(missing) or say("what it reads")),
        )
    return state.messages


def _not_waivable(
    state: CheckState, states: tuple[CheckState, ...], wording: Wording, by: Actor | None
) -> tuple[Blocker, ...] | None:
    if by is None or state.severity is not Severity.BLOCK or state.result is CheckResult.PASSES:
        return None
    return may_waive(wording.facts, states, state.check_id, by, wording.facts.today)


def _not_reasonable(
    state: CheckState, states: tuple[CheckState, ...], wording: Wording, by: Actor | None
) -> tuple[Blocker, ...] | None:
    if by is None or state.severity is not Severity.WARNING or state.result is not CheckResult.FAILS:
        return None
    return may_reason(wording.facts, states, state.check_id, by)
