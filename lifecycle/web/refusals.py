"""A line in the server's output for what was refused: who tried what, and which rule said no, never what was typed."""

from __future__ import annotations

import logging

from lifecycle.errors import Invalid, LifecycleError, Refused

LOG = logging.getLogger(__name__)


def note_refusal(what: str, person_key: str, error: LifecycleError) -> None:
    """`what` is the name of the action, out of our own code. Nothing was written, so no event can say it."""
    LOG.warning("Refused %s to %s: %s", what, person_key, " ".join(_reasons(error)))


def _reasons(error: LifecycleError) -> list[str]:
    """Codes and the kind of error alone: sentences quote answers and names, which belong in no log file."""
    kind = type(error).__name__.lower()
    if isinstance(error, Refused):
        return [kind, *(blocker.code for blocker in error.blockers)]
    if isinstance(error, Invalid):
        return [kind, f"problems={len(error.problems)}"]
    return [kind]
