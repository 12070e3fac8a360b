"""Whether a gate may go on, who may decide it, and what comes after.

`blockers` is the one predicate: the screen shows it beside the disabled button, the action refuses with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lifecycle.guide import Guide
from lifecycle.language import mark, say
from lifecycle.rules.assessment import assess
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.signoffs import is_developer, is_product_manager, must_be_outside
from lifecycle.vocabulary import Actor, Blocker, Gate, Outcome, ProjectStatus, Role, Stage

GOES = (Outcome.GO, Outcome.GO_WITH_CONDITIONS)


def blockers(facts: ProjectFacts, guide: Guide, gate: Gate) -> tuple[Blocker, ...]:
    """Everything that keeps `gate` from going on; empty when nothing does. Button and action ask the same."""
    return assess(facts, guide, gate).blockers


# ---------------------------------------------------------------- who may decide a gate


def may_decide_gate(
    facts: ProjectFacts,
    guide: Guide,
    gate: Gate,
    outcome: Outcome,
    actor: Actor,
    *,
    reason: str = "",
    to_stage: Stage | None = None,
) -> tuple[Blocker, ...]:
    """Why `actor` may not record this outcome; empty when they may. Administrators have no way round it.

    Go: the business owner (Discovery to Model) or an approver of level ≥ tier (Launch, Operate), without any
    blocker. Recycle and stop: they or the product manager, with a reason. Only the gate the project is at.
    """
    against = [*_not_now(facts, gate), *_not_they(facts, gate, outcome, actor)]
    if outcome in GOES:
        return (*against, *blockers(facts, guide, gate))
    if not reason.strip():
        against.append(Blocker("no_reason", say(_SAY_WHY[outcome]), gate=gate))
    if outcome is Outcome.RECYCLE:
        against += _not_there(facts, gate, to_stage)
    return tuple(against)


_SAY_WHY = {Outcome.RECYCLE: mark("Say why it is sent back."), Outcome.STOP: mark("Say why it is stopped.")}


def by_retiring() -> Blocker:
    """A stop at the Operate gate ends a live product, which asks for more than a reason."""
    text = say(
        "A live product ends by retiring it: say who was told, what was checked, and what was learned."
    )
    return Blocker("retire_instead", text, gate=Gate.OPERATE)


def _not_now(facts: ProjectFacts, gate: Gate) -> Iterator[Blocker]:
    if not facts.is_adopted:
        yield Blocker(
            "not_adopted",
            say("This project comes from a register. Adopt it before deciding a gate."),
            gate=gate,
        )
    elif facts.status in (ProjectStatus.STOPPED, ProjectStatus.RETIRED):
        yield Blocker(
            "ended",
            say("This project is {status}; its gates are closed.", status=facts.status.word),
            gate=gate,
        )
    elif facts.gate is not gate:
        text = (
            say(
                "The {gate} gate is not open: the project works towards {current}.",
                gate=gate.title,
                current=facts.gate.title,
            )
            if facts.gate
            else say("The {gate} gate is not open: the project has no stage yet.", gate=gate.title)
        )
        yield Blocker("not_current_gate", text, gate=gate)


def _not_they(facts: ProjectFacts, gate: Gate, outcome: Outcome, actor: Actor) -> Iterator[Blocker]:
    role = Role.APPROVER if gate.stage is Stage.PRODUCTION else Role.BUSINESS
    holds = [member for member in facts.members if member.person_key == actor.key and member.role is role]
    is_manager = is_product_manager(facts, actor.key)
    if not actor.is_person:
        yield Blocker(
            "not_a_person", say("A gate is decided by a person who is signed in."), role=role, gate=gate
        )
    elif outcome not in GOES:
        if not (holds or is_manager):
            text = say(
                "Only {role} or product manager of this project can record this.", role=role.title.lower()
            )
            yield Blocker("wrong_role", text, role=role, gate=gate)
    elif is_manager:
        text = say("The product manager cannot pass the project's own gate.")
        yield Blocker("own_work:product_manager", text, role=role, gate=gate)
    elif not holds:
        yield Blocker(
            "wrong_role",
            say("Only the {role} of this project can record a go.", role=role.title.lower()),
            role=role,
            gate=gate,
        )
    elif must_be_outside(role) and is_developer(facts, actor):
        text = say("You are a developer of this model (M15) and cannot pass its gate. Another approver can.")
        yield Blocker("own_work:developer", text, fields=("M15",), role=role, gate=gate)
    elif role is Role.APPROVER:
        yield from _level_too_low(facts, gate, max(member.approval_level for member in holds))


def _level_too_low(facts: ProjectFacts, gate: Gate, level: int) -> Iterator[Blocker]:
    if facts.tier is None:
        text = say("The risk tier (R21) is not known, so nobody can tell which approver is needed.")
        yield Blocker("tier_unknown", text, fields=("R21",), role=Role.APPROVER, gate=gate)
    elif level < facts.tier:
        text = say(
            "Tier {tier} needs an approver of level {tier} or higher; yours is {level}.",
            tier=facts.tier,
            level=level,
        )
        yield Blocker("level_too_low", text, fields=("R21",), role=Role.APPROVER, gate=gate)


def _not_there(facts: ProjectFacts, gate: Gate, to_stage: Stage | None) -> list[Blocker]:
    if to_stage is None:
        return [Blocker("no_stage", say("Say to which stage the project goes back."), gate=gate)]
    if facts.stage is not None and to_stage.order > facts.stage.order:
        return [
            Blocker(
                "later_stage",
                say("A project cannot be sent back to {stage}, which lies ahead.", stage=to_stage.title),
                gate=gate,
            )
        ]
    return []


# ---------------------------------------------------------------- what comes after


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Where a project is once its gate was decided."""

    stage: Stage
    gate: Gate
    status: ProjectStatus
    furthest_stage: Stage


def after(facts: ProjectFacts, outcome: Outcome, to_stage: Stage | None = None) -> Aftermath:
    """The project's place after `outcome` at its present gate.

    Production starts as rollout, a launch makes it live, an Operate go keeps it so, a stop there retires it.
    Raises ValueError for a project without stage or a recycle without one: `may_decide_gate` refuses both.
    """
    if facts.stage is None or facts.gate is None or (outcome is Outcome.RECYCLE and to_stage is None):
        raise ValueError("a gate is decided for a project with a stage, and a recycle names where to")
    stage, gate, status = _next_place(facts.stage, facts.gate, outcome, to_stage)
    furthest = max(stage, facts.furthest_stage or stage, key=lambda item: item.order)
    return Aftermath(stage, gate, status, furthest)


def _next_place(
    stage: Stage, gate: Gate, outcome: Outcome, to_stage: Stage | None
) -> tuple[Stage, Gate, ProjectStatus]:
    if outcome is Outcome.STOP:
        return stage, gate, ProjectStatus.RETIRED if gate is Gate.OPERATE else ProjectStatus.STOPPED
    if outcome is Outcome.RECYCLE and to_stage is not None:
        reopened = next(each for each in Gate if each.stage is to_stage)
        return to_stage, reopened, _status_before_launch(to_stage)
    if gate in (Gate.LAUNCH, Gate.OPERATE):
        return Stage.PRODUCTION, Gate.OPERATE, ProjectStatus.LIVE
    following = list(Gate)[gate.order + 1]
    return following.stage, following, _status_before_launch(following.stage)


def _status_before_launch(stage: Stage) -> ProjectStatus:
    return ProjectStatus.ROLLOUT if stage is Stage.PRODUCTION else ProjectStatus.ACTIVE
