"""Questions and answers on a field: who may end a thread or open it again, and whose turn it is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from lifecycle.language import say
from lifecycle.rules.permissions import TEAM
from lifecycle.vocabulary import Actor, Blocker, Role

LONGEST_MESSAGE = 5_000
ASKER, TEAM_TURN = "asker", "team"


@dataclass(frozen=True, slots=True)
class ThreadFact:
    """A thread as plain values. `waits_for` is whose turn it is while it is open."""

    opened_by: str
    is_open: bool
    waits_for: str


def turn_after(opened_by: str, by: Actor) -> str:
    """Whoever asked waits for the team; whatever anybody else says is for the one who asked."""
    return TEAM_TURN if by.key == opened_by else ASKER


def waits_for(thread: ThreadFact, by: Actor, roles: Collection[Role]) -> bool:
    """Whether it is this person's turn."""
    if not thread.is_open:
        return False
    if thread.waits_for == ASKER:
        return by.key == thread.opened_by
    return by.key != thread.opened_by and not TEAM.isdisjoint(roles)


def may_resolve(thread: ThreadFact, by: Actor, roles: Collection[Role]) -> tuple[Blocker, ...]:
    """Either side: the one who asked, or the team."""
    if not thread.is_open:
        return (Blocker("thread:resolved", say("This question is resolved already.")),)
    against = say("Only whoever asked, or the project's team, can resolve this question.")
    return _either_side(thread, by, roles, against)


def may_reopen(thread: ThreadFact, by: Actor, roles: Collection[Role]) -> tuple[Blocker, ...]:
    if thread.is_open:
        return (Blocker("thread:open", say("This question is open already.")),)
    against = say("Only whoever asked, or the project's team, can open this question again.")
    return _either_side(thread, by, roles, against)


def may_reply(thread: ThreadFact) -> tuple[Blocker, ...]:
    """Anybody with a role on the project, while it is open."""
    if thread.is_open:
        return ()
    return (Blocker("thread:resolved", say("This question is resolved. Open it again to say more.")),)


def _either_side(thread: ThreadFact, by: Actor, roles: Collection[Role], against: str) -> tuple[Blocker, ...]:
    if by.key == thread.opened_by or not TEAM.isdisjoint(roles):
        return ()
    return (Blocker("thread:side", against),)
