"""What another guide would change: in its own words, and for one project whose facts are known under both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lifecycle.guide import BranchSpec, FieldSpec, Guide
from lifecycle.language import say
from lifecycle.rules.checks.evaluation import evaluate
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.signoffs import required_reviews, sign_off_status, stale_sign_offs, staleness
from lifecycle.vocabulary import CheckResult, Gate, Role, Severity


@dataclass(frozen=True, slots=True)
class GuideChange:
    """One difference: `kind` is question, reliance, sign-off, check, tier or threshold; `what` names it."""

    kind: str
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class StaleSignOff:
    """A sign-off that holds now and would not: its reasons as the reviewer would read them."""

    sign_off_id: int
    gate: Gate
    role: Role
    printed_name: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProjectEffect:
    """What would be different for one project, at its gate and those it has passed."""

    stale: tuple[StaleSignOff, ...] = ()
    newly_required: tuple[tuple[Gate, Role], ...] = ()
    newly_failing: tuple[tuple[str, str], ...] = ()  # id and title of a check that would stand in the way

    @property
    def is_none(self) -> bool:
        return not (self.stale or self.newly_required or self.newly_failing)


# ---------------------------------------------------------------- the guides themselves


def guide_changes(now: Guide, candidate: Guide) -> tuple[GuideChange, ...]:
    """Every difference that matters to a decision or a check, in the order of the guide; wording apart."""
    return (
        *_questions(now, candidate),
        *_reliance(now, candidate),
        *_sign_offs(now, candidate),
        *_checks(now, candidate),
        *_tiers(now, candidate),
        *_thresholds(now, candidate),
    )


def _questions(now: Guide, candidate: Guide) -> Iterator[GuideChange]:
    for field_id, field in now.fields.items():
        if field_id not in candidate.fields:
            yield GuideChange("question", field_id, say("{title} is removed.", title=field.title))
    for field_id, field in candidate.fields.items():
        before = now.fields.get(field_id)
        if before is None:
            yield GuideChange(
                "question",
                field_id,
                say("{question} is added, due at {gate}.", question=field.title, gate=field.gate.title),
            )
        elif said := list(_changed(before, field)):
            yield GuideChange(
                "question",
                field_id,
                say("{question}: {changes}.", question=field.title, changes=", ".join(said)),
            )


def _changed(before: FieldSpec, after: FieldSpec) -> Iterator[str]:
    if before.gate is not after.gate:
        yield say("due at {gate} instead of {before}", gate=after.gate.title, before=before.gate.title)
    if _shape(before) != _shape(after):
        yield say("another shape of answer")
    if (before.production, before.light) != (after.production, after.light):
        yield say("asked on another track")
    if before.question != after.question or before.title != after.title:
        yield say("worded anew")


def _shape(field: FieldSpec) -> tuple[object, ...]:
    return field.kind, tuple(
        (part.id, part.type, tuple(part.choices), part.required, part.min, part.max) for part in field.columns
    )


def _reliance(now: Guide, candidate: Guide) -> Iterator[GuideChange]:
    for gate in Gate:
        for role in Role:
            before, after = set(now.relied_on(gate, role)), set(candidate.relied_on(gate, role))
            if before == after or not candidate.review(gate, role):
                continue
            said = []
            if after - before:
                said.append(say("also rests on {fields}", fields=", ".join(sorted(after - before))))
            if before - after:
                said.append(say("no longer on {fields}", fields=", ".join(sorted(before - after))))
            place = _place(role, gate)
            yield GuideChange("reliance", place, f"{place} {'; '.join(said)}.")


def _place(role: Role, gate: Gate) -> str:
    return say("{role} at {gate}", role=role.title, gate=gate.title)


def _sign_offs(now: Guide, candidate: Guide) -> Iterator[GuideChange]:
    for gate in Gate:
        for role in Role:
            before, after = now.review(gate, role), candidate.review(gate, role)
            place = _place(role, gate)
            if before and not after:
                yield GuideChange("sign-off", place, say("{place} is asked no more.", place=place))
            elif after and not before:
                yield GuideChange(
                    "sign-off", place, say("{place} is asked to {act}.", place=place, act=after.act.word)
                )
            elif before and after and before.act is not after.act:
                yield GuideChange(
                    "sign-off",
                    place,
                    say(
                        "{place} is to {act} instead of {before}.",
                        place=place,
                        act=after.act.word,
                        before=before.act.word,
                    ),
                )
            elif before and after and before.only_when_stale != after.only_when_stale:
                text = (
                    say("{place} is asked only when something changed.", place=place)
                    if after.only_when_stale
                    else say("{place} is asked always.", place=place)
                )
                yield GuideChange("sign-off", place, text)
    policies = (now.policy, candidate.policy)
    for name, title in (
        ("approvals_needed", say("How many people approve")),
        ("reapproval_months", say("After how many months an approval ends")),
        ("reapproval_gates", say("Where approvals end by time")),
        ("light_roles", say("The roles of the light track")),
        ("required_evidence", say("Documents that a gate asks for")),
        ("review_months", say("Months between reviews in operation")),
        ("cosmetic", say("Fields that make nothing stale")),
    ):
        if getattr(policies[0], name) != getattr(policies[1], name):
            yield GuideChange("sign-off", name, say("{title} changes.", title=title))


def _checks(now: Guide, candidate: Guide) -> Iterator[GuideChange]:
    for check_id, check in now.checks_by_id.items():
        after = candidate.checks_by_id.get(check_id)
        if after is None:
            yield GuideChange("check", check_id, say("{title} is removed.", title=check.title))
            continue
        if [_strength(item) for item in check.branches] != [_strength(item) for item in after.branches]:
            yield GuideChange("check", check_id, say("{check} is enforced differently.", check=check.title))
        if check.waived_by is not after.waived_by:
            yield GuideChange(
                "check",
                check_id,
                say("{check} is waived by {role}.", check=check.title, role=after.waived_by.title),
            )
    for check_id, check in candidate.checks_by_id.items():
        if check_id not in now.checks_by_id:
            yield GuideChange("check", check_id, say("{check} is added.", check=check.title))


def _strength(branch: BranchSpec) -> tuple[str, tuple[tuple[Gate, Severity], ...]]:
    return branch.id, tuple(sorted(branch.enforced.items()))


def _tiers(now: Guide, candidate: Guide) -> Iterator[GuideChange]:
    if now.tiers != candidate.tiers:
        yield GuideChange("tier", "tiers.yaml", say("The points that propose a risk tier change."))


def _thresholds(now: Guide, candidate: Guide) -> Iterator[GuideChange]:
    for name in sorted(now.thresholds.keys() | candidate.thresholds.keys()):
        before, after = now.thresholds.get(name), candidate.thresholds.get(name)
        if before != after:
            yield GuideChange(
                "threshold",
                name,
                say("{name}: {before} becomes {after}.", name=name, before=_said(before), after=_said(after)),
            )


def _said(value: object) -> str:
    if value is None:
        return say("nothing")
    return ", ".join(value) if isinstance(value, tuple) else f"{value}"


# ---------------------------------------------------------------- one project


def effect_on(before: ProjectFacts, now: Guide, after: ProjectFacts, candidate: Guide) -> ProjectEffect:
    """`before` and `after` are the facts of one project as they are read with each of the guides."""
    held = {made.id for made in stale_sign_offs(before, now)}
    gates = _reached(before)
    return ProjectEffect(
        stale=tuple(
            StaleSignOff(made.id, made.gate, made.role, made.printed_name, staleness(after, candidate, made))
            for made in stale_sign_offs(after, candidate)
            if made.id not in held
        ),
        newly_required=tuple(
            (gate, spec.role)
            for gate in gates
            for spec in required_reviews(after, candidate, gate)
            if not spec.only_when_stale and _is_new(before, now, after, candidate, gate, spec.role)
        ),
        newly_failing=tuple(_newly_failing(before, now, after, candidate)),
    )


def _reached(facts: ProjectFacts) -> tuple[Gate, ...]:
    here = facts.gate or Gate.DISCOVERY
    return tuple(gate for gate in Gate if gate is here or gate in facts.passed_gates)


def _is_new(
    before: ProjectFacts, now: Guide, after: ProjectFacts, candidate: Guide, gate: Gate, role: Role
) -> bool:
    """Asked of nobody until now, or of fewer people."""
    asked = {spec.role for spec in required_reviews(before, now, gate)}
    needed = now.approvals_needed(gate, role, before.tier) if role in asked else 0
    state = sign_off_status(after, candidate, gate, role)
    return state.needed > needed and not state.is_valid


def _newly_failing(
    before: ProjectFacts, now: Guide, after: ProjectFacts, candidate: Guide
) -> Iterator[tuple[str, str]]:
    gate = before.gate or Gate.DISCOVERY
    in_the_way = {state.check_id for state in evaluate(before, now, gate) if state.blocks}
    said: set[str] = set()
    for state in evaluate(after, candidate, gate):
        new = state.blocks and state.result is CheckResult.FAILS and state.check_id not in in_the_way
        if new and state.check_id not in said:
            said.add(state.check_id)
            yield state.check_id, state.title
