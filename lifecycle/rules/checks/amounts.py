"""Comparing amounts of money: only within one currency."""

from __future__ import annotations

from lifecycle.vocabulary import Money


def exceeds(amount: Money, limit: Money) -> bool | None:
    """Whether `amount` is above `limit`; None across currencies, which no rule compares."""
    return amount.amount > limit.amount if amount.currency == limit.currency else None
