"""Sums of money against a limit, where some amounts are unknown or in another currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from lifecycle.vocabulary import Money


@dataclass(frozen=True, slots=True)
class Bill:
    """What is known of a cost in one currency, and the keys of what could not be added to it."""

    known: Money
    unsure: tuple[str, ...]


def bill(items: Mapping[str, Money | None], currency: str) -> Bill:
    """Adds the items by field key; unknown ones and those in another currency are listed instead."""
    counted = {key: item for key, item in items.items() if item is not None and item.currency == currency}
    amount = sum((item.amount for item in counted.values()), Decimal(0))
    return Bill(Money(amount, currency), tuple(key for key in items if key not in counted))


def times(amount: Money, factor: Decimal) -> Money:
    return Money(amount.amount * factor, amount.currency)
