"""Who may accept a check that does not pass: a block by a waiver, a warning by a reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from lifecycle.language import say
from lifecycle.rules.checks.evaluation import CheckState
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.signoffs import is_developer, is_product_manager, must_be_outside
from lifecycle.vocabulary import Actor, Blocker, CheckResult, Role, Severity


def may_waive(
    facts: ProjectFacts, states: Iterable[CheckState], check_id: str, approver: Actor, expires_on: date
) -> tuple[Blocker, ...]:
    """Why `approver` may not waive this check until that day; empty when they may.

    Only a block that fails or cannot tell, by the role that the check names, never by the product manager.
    """
    open_blocks = [
        state
        for state in states
        if state.check_id == check_id
        and state.severity is Severity.BLOCK
        and state.result is not CheckResult.PASSES
    ]
    return tuple(_against_waiving(facts, open_blocks, check_id, approver, expires_on))


def _against_waiving(
    facts: ProjectFacts, blocks: list[CheckState], check_id: str, approver: Actor, expires_on: date
) -> Iterator[Blocker]:
    if not blocks:
        yield _no(
            check_id,
            "nothing_to_waive",
            say("{check_id} blocks nothing now, so there is nothing to waive.", check_id=check_id),
        )
        return
    role = blocks[0].waived_by
    if is_product_manager(facts, approver.key):
        yield _no(
            check_id,
            "own_work:product_manager",
            say("The product manager of a project cannot waive its checks."),
        )
    elif must_be_outside(role) and is_developer(facts, approver):
        text = say("You are a developer of this model (M15) and cannot waive {check_id}.", check_id=check_id)
        yield _no(check_id, "own_work:developer", text, role)
    elif not approver.is_person or not _holds(facts, approver, role):
        yield _no(
            check_id,
            "wrong_role",
            say(
                "Only {role} can waive {check_id} in this project.",
                role=role.title.lower(),
                check_id=check_id,
            ),
            role,
        )
    if expires_on < facts.today:
        yield _no(
            check_id,
            "expired",
            say(
                "The waiver would have ended on {expires_on}. Name a later day.",
                expires_on=expires_on.isoformat(),
            ),
        )


def may_reason(
    facts: ProjectFacts, states: Iterable[CheckState], check_id: str, actor: Actor
) -> tuple[Blocker, ...]:
    """Why `actor` may not say why to go on: that is the product manager's, and for warnings that fail."""
    if not is_product_manager(facts, actor.key):
        role = Role.PRODUCT_MANAGER
        return (
            _no(
                check_id, "wrong_role", say("Only the product manager gives the reason for a warning."), role
            ),
        )
    for state in states:
        if (state.check_id, state.severity, state.result) == (check_id, Severity.WARNING, CheckResult.FAILS):
            return ()
    return (
        _no(
            check_id,
            "nothing_to_reason",
            say("{check_id} is no warning that fails now, so it needs no reason.", check_id=check_id),
        ),
    )


def _holds(facts: ProjectFacts, actor: Actor, role: Role) -> bool:
    return any(member.person_key == actor.key and member.role is role for member in facts.members)


def _no(check_id: str, code: str, text: str, role: Role | None = None) -> Blocker:
    return Blocker(f"{check_id}:{code}", text, role=role)
