"""Access tokens: what one must say, and how long it may last."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from lifecycle.language import mark, say
from lifecycle.rules.people import name_problem
from lifecycle.vocabulary import Blocker, Scope

DEFAULT_DAYS, LONGEST_DAYS = 90, 366
MOST_AT_ONCE = 200  # valid tokens of one person

# In the words of whoever ticks them.
SCOPE_WORDS: dict[Scope, str] = {
    Scope.READ: mark("Read what you may read: projects, worksheets, gates, reviews, exports"),
    Scope.PROJECTS_WRITE: mark("Register and import projects, edit their names"),
    Scope.WORKSHEETS_WRITE: mark("Answer questions, keep data sources and the log of changes"),
    Scope.MONITORS_WRITE: mark("Say what is watched, and when it fires"),
    Scope.READINGS_WRITE: mark("Push readings of monitors"),
    Scope.RELEASES_WRITE: mark("Freeze releases and move their rollout"),
    Scope.INCIDENTS_WRITE: mark("Open and work on incidents"),
}


def problems(name: str, scopes: Collection[Scope], days: int) -> dict[str, str | None]:
    """One sentence per place that is wrong; None where it is right. `name` is tidied."""
    return {
        mark("name"): name_problem(name, say("what the token is for")),
        mark("scopes"): None if scopes else say("Choose at least one thing that the token is for."),
        mark("days"): None
        if 1 <= days <= LONGEST_DAYS
        else say(
            "A token lasts from 1 to {most} days; {days} is not among them.",
            most=LONGEST_DAYS,
            days=days,
        ),
    }


def against_one_more(valid: int) -> tuple[Blocker, ...]:
    """Why this person cannot have another token."""
    if valid < MOST_AT_ONCE:
        return ()
    return (
        Blocker(
            "tokens:many",
            say("There are {valid} valid tokens already. Revoke one that is not used.", valid=valid),
        ),
    )


def lasting(days: int) -> timedelta:
    return timedelta(days=days)
