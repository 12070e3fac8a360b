"""All checks of a project at one gate: verdicts with their severity, sentences, waivers and reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from string import Formatter
from typing import Any, Final

from lifecycle.canonical import digest
from lifecycle.errors import GuideError
from lifecycle.guide import BranchSpec, CheckSpec, Guide, load_guide
from lifecycle.language import ENGLISH, language, say, speaking, written_number
from lifecycle.rules.checks import data, design, discovery, feasibility, model, production
from lifecycle.rules.checks.looking import EVERYTHING, watched
from lifecycle.rules.checks.reading import RULES, Reading, Verdict, judge
from lifecycle.rules.project_facts import ProjectFacts, WaiverFact
from lifecycle.vocabulary import Area, CheckResult, Gate, Role, Severity, plain_number

# Importing them registers their rules.
STAGES_WITH_RULES: Final = (discovery, feasibility, design, model, production, data)

# Checks that watch sign-offs and conditions instead of answers: they count in those areas.
AREAS_OF_CHECKS: Final[Mapping[str, Area]] = {
    "C46": Area.SIGN_OFFS,
    "C47": Area.SIGN_OFFS,
    "C48": Area.CONDITIONS,
}


@dataclass(frozen=True, slots=True)
class CheckState:
    """One branch of a check as it stands at a gate. `severity` is None while it is advice only."""

    check_id: str
    branch: str
    title: str
    result: CheckResult
    severity: Severity | None
    advice_severity: Severity  # the one it will have at its first gate
    first_gate: Gate
    waived_by: Role
    messages: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()  # keys of the fields for want of which it cannot tell
    fields: tuple[str, ...] = ()
    waived: WaiverFact | None = None
    reasoned: str | None = None
    inputs_digest: str = ""  # empty unless it fails
    # Found once: six gates ask each of them of every check whenever an answer changes.
    area: Area = field(init=False)
    is_settled: bool = field(init=False)  # passes, or is accepted as it is
    blocks: bool = field(init=False)  # a block that fails or cannot tell, a failing warning; neither accepted

    def __post_init__(self) -> None:
        is_settled = self.result is CheckResult.PASSES or self.waived is not None or self.reasoned is not None
        is_grave = self.severity is Severity.BLOCK or (
            self.severity is Severity.WARNING and self.result is CheckResult.FAILS
        )
        object.__setattr__(self, "area", AREAS_OF_CHECKS.get(self.check_id, Area.CHECKS))
        object.__setattr__(self, "is_settled", is_settled)
        object.__setattr__(self, "blocks", is_grave and not is_settled)

    @property
    def enforced(self) -> bool:
        return self.severity is not None


def load_checked_guide(folder: Path) -> Guide:
    """The guide of `folder`, its checks compared with the rules in the code. Raises GuideError."""
    guide = load_guide(folder)
    verify_register(guide)
    return guide


def verify_register(guide: Guide) -> None:
    """Raise GuideError unless the checks of the guide and the rules in the code name the same branches."""
    named = {(check.id, branch.id) for check in guide.checks for branch in check.branches}
    for check_id, branch in sorted(named - set(RULES)):
        raise GuideError("checks_*.yaml", f"{check_id} › {branch}", "has no rule in the code")
    for check_id, branch in sorted(set(RULES) - named):
        raise GuideError(
            "checks_*.yaml", f"{check_id} › {branch}", "is missing, though the code has its rule"
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one branch, before any gate gives it a severity: it is the same at every gate.

    `looked_at` are the fields it rests on (`looking.EVERYTHING`: on all of them). `states` keeps what it
    amounts to at each gate, and as advice, as far as somebody asked.
    """

    check: CheckSpec
    branch: BranchSpec
    verdict: Verdict
    messages: tuple[str, ...]
    inputs_digest: str
    looked_at: frozenset[str]
    states: list[CheckState | None] = field(
        default_factory=lambda: [None] * (len(Gate) + 1), compare=False, repr=False
    )


def judge_all(facts: ProjectFacts, guide: Guide) -> tuple[Judgement, ...]:
    """The verdicts on every branch of every check, in the guide's order; made once for all gates."""
    judge_one = _judge(facts, guide)
    return tuple(judge_one(check, branch) for check in guide.checks for branch in check.branches)


def judge_again(
    earlier: tuple[Judgement, ...], changed: frozenset[str], facts: ProjectFacts, guide: Guide
) -> tuple[Judgement, ...]:
    """As `judge_all`, given what was judged before the answers to `changed`, and nothing else, were others."""
    judge_one = _judge(facts, guide)
    outdated = changed | {EVERYTHING}
    return tuple(
        was if was.looked_at.isdisjoint(outdated) else judge_one(was.check, was.branch) for was in earlier
    )


def _judge(facts: ProjectFacts, guide: Guide) -> Callable[[CheckSpec, BranchSpec], Judgement]:
    looked_at: set[str] = set()
    reading = Reading(watched(facts, looked_at), guide)

    def judge_one(check: CheckSpec, branch: BranchSpec) -> Judgement:
        looked_at.clear()
        verdict = judge(check.id, branch.id, reading)
        messages = tuple(in_sentence(branch.message, finding) for finding in verdict.findings)
        fails = verdict.result is CheckResult.FAILS
        said = _as_kept(check, branch, reading, messages) if fails and check.id in AREAS_OF_CHECKS else ()
        inputs = _inputs_digest(check, reading.facts, said) if fails else ""
        return Judgement(check, branch, verdict, messages, inputs, frozenset(looked_at))

    return judge_one


def evaluate(facts: ProjectFacts, guide: Guide, gate: Gate | None = None) -> tuple[CheckState, ...]:
    """Every branch of every check, in the guide's order, at `gate` or else at the project's own gate."""
    return states_at(judge_all(facts, guide), facts, gate or facts.gate)


def states_at(
    judgements: Iterable[Judgement], facts: ProjectFacts, gate: Gate | None
) -> tuple[CheckState, ...]:
    """What the judgements, made of these facts, amount to at a gate; without one they are all advice."""
    place = gate.order if gate else len(Gate)
    return tuple([judgement.states[place] or _state_at(judgement, facts, gate) for judgement in judgements])


def _state_at(judgement: Judgement, facts: ProjectFacts, gate: Gate | None) -> CheckState:
    """Made once for all gates that know it by the same severity."""
    severity = judgement.branch.severity_at(gate) if gate else None
    known = (state for state in judgement.states if state and state.severity is severity)
    state = next(known, None) or _state(judgement, facts, severity)
    judgement.states[gate.order if gate else len(Gate)] = state
    return state


def _state(judgement: Judgement, facts: ProjectFacts, severity: Severity | None) -> CheckState:
    check, branch, verdict = judgement.check, judgement.branch, judgement.verdict
    is_open = verdict.result is not CheckResult.PASSES
    return CheckState(
        check_id=check.id,
        branch=branch.id,
        title=check.title,
        result=verdict.result,
        severity=severity,
        advice_severity=branch.enforced[branch.first_gate],
        first_gate=branch.first_gate,
        waived_by=check.waived_by,
        messages=judgement.messages,
        missing=verdict.missing,
        fields=verdict.fields or check.reads,
        waived=_waiver(check, branch, facts) if is_open else None,
        reasoned=_reason(judgement, facts) if severity is Severity.WARNING else None,
        inputs_digest=judgement.inputs_digest,
    )


def said_again(state: CheckState, facts: ProjectFacts, guide: Guide) -> CheckState:
    """The same state with its words in the language spoken now, which is that of `guide`."""
    check = guide.checks_by_id[state.check_id]
    judgement = _judge(facts, guide)(check, check.branch(state.branch))
    return replace(state, title=check.title, messages=judgement.messages)


def _waiver(check: CheckSpec, branch: BranchSpec, facts: ProjectFacts) -> WaiverFact | None:
    """The waiver in force that ends last. It covers what blocked at the gate it was given for, no more."""
    if not facts.waivers:
        return None
    held = (
        waiver
        for waiver in facts.waivers
        if waiver.check_id == check.id
        and waiver.is_in_force(facts.today)
        and branch.severity_at(waiver.gate) is Severity.BLOCK
    )
    return max(held, key=lambda waiver: waiver.expires_on, default=None)


def _reason(judgement: Judgement, facts: ProjectFacts) -> str | None:
    """The newest reason given for the very content that fails now."""
    if judgement.verdict.result is not CheckResult.FAILS:
        return None
    about = (judgement.check.id, judgement.inputs_digest)
    held = [fact.reason for fact in facts.reasons if (fact.check_id, fact.inputs_digest) == about]
    return held[-1] if held else None


def _inputs_digest(check: CheckSpec, facts: ProjectFacts, said: tuple[str, ...]) -> str:
    """Over the content a check reads. What watches sign-offs and conditions is told apart by what it says."""
    contents = {key: fact.content for key, fact in facts.content_keys(check.reads) if fact}
    return digest({"contents": contents, "said": said})


def _as_kept(
    check: CheckSpec, branch: BranchSpec, reading: Reading, messages: tuple[str, ...]
) -> tuple[str, ...]:
    """What it says in the words of the guide's files: a digest is the same whoever reads the messages."""
    written = reading.guide.as_written
    if language() == ENGLISH and written is reading.guide:
        return messages
    with speaking(ENGLISH):
        verdict = judge(check.id, branch.id, Reading(reading.facts, written))
        message = next(
            item.message for item in written.checks_by_id[check.id].branches if item.id == branch.id
        )
        return tuple(in_sentence(message, finding) for finding in verdict.findings)


# ---------------------------------------------------------------- sentences


class _Sentence(Formatter):
    """Fills a message with values as people write them; a format written in the message wins."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if not format_spec:
            return in_words(value)
        text = format(value, format_spec)
        return written_number(text) if isinstance(value, int | float | Decimal) else text


_SENTENCE: Final = _Sentence()


def in_sentence(message: str, finding: Mapping[str, object]) -> str:
    """One sentence of a check: its message with a finding's values."""
    return _SENTENCE.vformat(message, (), finding)


def in_words(value: object) -> str:
    """A value as it stands in a sentence: 12,500.5 · 3 months · 2026-11-23 · yes · a, b."""
    if value is None:
        return say("nothing")
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list | set | frozenset):
        items = [in_words(item) for item in value]
        return ", ".join(sorted(items) if isinstance(value, set | frozenset) else items)
    return str(value)
