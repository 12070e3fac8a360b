"""How much is at stake: whom an output touches, whether that can be undone, whether it decides, the tier.

Each is True, False, or None while the answers do not tell.
"""

from __future__ import annotations

from lifecycle.guide import ONLY
from lifecycle.rules.checks.conditions import is_among
from lifecycle.rules.checks.reading import Reading


def affects_outsiders(reading: Reading) -> bool | None:
    return is_among(reading, "D13", "affected", ("customers", "public"))


def is_hard_to_undo(reading: Reading) -> bool | None:
    return is_among(reading, "D13", "undo", ("hard", "never"))


def decides(reading: Reading) -> bool | None:
    """The output takes effect unless somebody steps in, or without anybody."""
    return is_among(reading, "D12", ONLY, ("decides_alone", "decides_unless_overridden"))


def decides_alone(reading: Reading) -> bool | None:
    return is_among(reading, "D12", ONLY, ("decides_alone",))


def has_tier_from(reading: Reading, least: int) -> bool | None:
    """The tier of R21, else D33, is `least` or higher."""
    tier = reading.facts.tier
    return None if tier is None else tier >= least
